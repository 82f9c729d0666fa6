/**
 * Lambda and the function's runtime, for programs that no bundler sees: what the vendor worker pushes is taken on, unless
 * told otherwise, and waits for whoever reports on it.
 */
import { once } from 'node:events'
import { createServer } from 'node:http'
import { json } from 'node:stream/consumers'

/** The senders of this process find it in the environment. */
export async function startPushed() {
  const arrived = []
  const waiting = []
  /** For the next invocations, each: `{ status, body }`; a body that is a response gets its attempt's number. */
  const answers = []
  const server = createServer(async (request, response) => {
    const envelope = await json(request)
    const { status, body } = answers.shift() ?? { status: 202 }
    response.writeHead(status, { 'content-type': 'application/json' })
    response.end(body === undefined ? '' : JSON.stringify({ attempt: envelope.attempt.attempt, ...body }))
    const next = waiting.shift()
    if (next) next(envelope)
    else arrived.push(envelope)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  process.env.AWS_ENDPOINT_URL_LAMBDA = `http://127.0.0.1:${server.address().port}`
  process.env.AWS_ACCESS_KEY_ID = 'test'
  process.env.AWS_SECRET_ACCESS_KEY = 'test'
  return {
    answers,
    /** The envelope that arrives next, or has arrived. */
    next: () => (arrived.length > 0 ? arrived.shift() : new Promise((resolve) => waiting.push(resolve))),
    report: ({ response, attempt }, outcome) =>
      call(response, 'PUT', response.url, { attempt: attempt.attempt, ...outcome }),
    heartbeat: ({ response, attempt }) => call(response, 'POST', response.heartbeatUrl, { attempt: attempt.attempt }),
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function call({ token }, method, url, body) {
  const answer = await fetch(url, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  if (!answer.ok) throw new Error(`${method} ${url}: ${await answer.text()}`)
  return answer.json()
}
