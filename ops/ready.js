/** `node ready.js URL`: ends with 0 when the process in this container answers well, else prints why it does not. */
import { get as getPlain } from 'node:http'
import { get as getSecure } from 'node:https'

const [, , url] = process.argv
const get = url.startsWith('https:') ? getSecure : getPlain
// The certificate is for the name by which others come here, not for loopback.
get(url, { rejectUnauthorized: false, timeout: 4_000 }, (response) => {
  process.exitCode = response.statusCode === 200 ? 0 : 1
  if (process.exitCode === 1) response.pipe(process.stdout)
  else response.resume()
})
  .on('timeout', function () {
    this.destroy(new Error(`${url} did not answer within 4 s`))
  })
  .on('error', (error) => {
    process.stderr.write(`${error.message}\n`)
    process.exitCode = 1
  })
