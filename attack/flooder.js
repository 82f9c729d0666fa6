/**
 * A process that calls the control plane as often as it can, with the token that it was given, or each time with
 * another one that nobody issued: the gateway over HTTP/2, or the API over HTTP/1.1.
 */
import { randomBytes } from 'node:crypto'
import { Agent, request } from 'node:http'
import { connect } from 'node:http2'

/** How many calls each connection of HTTP/2 has under way. */
const AT_ONCE = 100

const { url, door, connections, token } = JSON.parse(process.argv[2] ?? '')
/** Answers by gRPC's or HTTP's status; `gone` for a connection that ended. */
const answers = {}
const count = (code) => (answers[code] = (answers[code] ?? 0) + 1)
const authorization = () => `Bearer ${token ?? `agt_${randomBytes(32).toString('base64url')}`}`

let ended = false

function openHttp2() {
  const session = connect(url)
  session.on('error', () => undefined)
  session.once('connect', () => {
    for (let call = 0; call < AT_ONCE; call += 1) callOn(session)
  })
  session.once('close', () => {
    if (ended) return
    count('gone')
    setTimeout(openHttp2, 10)
  })
}

function callOn(session) {
  if (ended || session.closed || session.destroyed) return
  const stream = session.request(
    {
      ':method': 'POST',
      ':path': '/temporal.api.workflowservice.v1.WorkflowService/Nothing',
      'content-type': 'application/grpc',
      te: 'trailers',
      authorization: authorization(),
    },
    { endStream: true },
  )
  stream.on('error', () => undefined)
  stream.once('response', (headers) => count(headers['grpc-status'] ?? 'none'))
  stream.resume()
  stream.once('close', () => callOn(session))
}

function openHttp1() {
  const agent = new Agent({ keepAlive: true, maxSockets: 1 })
  const call = () => {
    if (ended) return
    const sent = request(`${url}/v1/agent/session`, {
      agent,
      method: 'POST',
      headers: { authorization: authorization() },
    })
    sent.once('response', (response) => {
      count(response.statusCode)
      response.resume()
      response.once('end', call)
    })
    sent.once('error', () => {
      count('gone')
      setTimeout(call, 10)
    })
    sent.end()
  }
  call()
}

for (let made = 0; made < connections; made += 1) (door === 'gateway' ? openHttp2 : openHttp1)()
process.once('message', () => {
  ended = true
  process.send(answers, () => process.exit(0))
})
process.once('disconnect', () => process.exit(0))
process.send('ready')
