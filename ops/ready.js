/** `node ready.js URL`: ends with 0 when the control plane in this container is ready, else prints why it is not. */
import { get } from 'node:https'

const [, , url] = process.argv
// The certificate is for the name by which others come here, not for loopback.
get(url, { rejectUnauthorized: false, timeout: 4_000 }, (response) => {
  process.exitCode = response.statusCode === 200 ? 0 : 1
  response.pipe(process.stdout)
})
  .on('timeout', function () {
    this.destroy(new Error(`${url} did not answer within 4 s`))
  })
  .on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
