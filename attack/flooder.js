/** A process that calls the gateway as often as it can, each time with another token that nobody issued. */
import { randomBytes } from 'node:crypto'
import { connect } from 'node:http2'

/** How many calls each connection has under way. */
const AT_ONCE = 100

const { url, connections } = JSON.parse(process.argv[2] ?? '')
/** Answers by gRPC's status; `gone` for a connection that ended. */
const answers = {}
const count = (code) => (answers[code] = (answers[code] ?? 0) + 1)

let ended = false

function open() {
  const session = connect(url)
  session.on('error', () => undefined)
  session.once('connect', () => {
    for (let call = 0; call < AT_ONCE; call += 1) callOn(session)
  })
  session.once('close', () => {
    if (ended) return
    count('gone')
    setTimeout(open, 10)
  })
}

function callOn(session) {
  if (ended || session.closed || session.destroyed) return
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/temporal.api.workflowservice.v1.WorkflowService/GetSystemInfo',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: `Bearer agt_${randomBytes(32).toString('base64url')}`,
    },
    { endStream: true },
  )
  stream.on('error', () => undefined)
  stream.once('response', (headers) => count(headers['grpc-status'] ?? 'none'))
  stream.resume()
  stream.once('close', () => callOn(session))
}

for (let made = 0; made < connections; made += 1) open()
process.once('message', () => {
  ended = true
  process.send(answers, () => process.exit(0))
})
process.once('disconnect', () => process.exit(0))
process.send('ready')
