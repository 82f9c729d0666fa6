/** Requests of one protocol hidden in another, to come in by a door that does not look for them. */
import { setTimeout as delay } from 'node:timers/promises'
import { Breach, type Arena, type Attack } from '../attack.js'
import { dial, END_HEADERS, END_STREAM, FRAME, frame, grpcHeaders, headerBlock, HELLO, PREFACE } from '../http2-peer.js'
import { WORKFLOW_SERVICE } from '../hostile-client.js'

const attack = (
  name: string,
  without: string,
  run: Attack['run'],
  mayReach: Attack['mayReach'] = 'nothing',
): Attack => ({ name, without, run, mayReach, speaksGrpc: false, ...(mayReach === 'nothing' ? { waits: true } : {}) })

const START = `/${WORKFLOW_SERVICE}/StartWorkflowExecution`
const INFO = `/${WORKFLOW_SERVICE}/GetSystemInfo`

const http1 = (line: string, ...headers: readonly string[]): string =>
  [line, 'Host: control-plane', ...headers, '', ''].join('\r\n')

const LISTING = http1('GET /v1/deployments HTTP/1.1')

/** Long enough for an answer on loopback; one that nobody sends cannot be waited for. */
const ANSWER_MS = 300

/** What comes back when these are sent one after the other, a packet each. */
async function say(arena: Arena, ...packets: readonly (string | Buffer)[]): Promise<string> {
  const { socket, received, gone } = await dial(arena)
  socket.setNoDelay(true)
  try {
    for (const packet of packets) {
      if (!socket.writable) break
      socket.write(packet)
      await delay(20)
    }
    await Promise.race([gone, delay(ANSWER_MS)])
    return received().toString('latin1')
  } finally {
    socket.destroy()
  }
}

/** First lines of the HTTP/1.1 answers among what came. */
const statusLines = (answer: string): string[] => answer.match(/HTTP\/1\.1 \d+/g) ?? []

/** @throws {Breach} when an answer is another than those, or switches protocols, or tells of deployments */
function onlyAnswers(answer: string, ...statuses: readonly number[]): string {
  const lines = statusLines(answer)
  const allowed = statuses.map((status) => `HTTP/1.1 ${status}`)
  const other = lines.find((line) => !allowed.includes(line))
  if (other !== undefined) throw new Breach(`answered ${other}`)
  if (answer.includes('acme-corp')) throw new Breach('told of a deployment')
  return lines.length === 0 ? 'no answer' : lines.join(', ')
}

const upgrade = (token: string): string =>
  http1(
    'GET /v1/deployments HTTP/1.1',
    'Connection: Upgrade, HTTP2-Settings',
    'Upgrade: h2c',
    'HTTP2-Settings: AAMAAABkAAQAAP__',
    `Authorization: Bearer ${token}`,
  )

const headers = (id: number, path: string, ...more: readonly (readonly [string, string])[]): Buffer =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, id, headerBlock(grpcHeaders(path, ...more)))

export const SMUGGLING_ATTACKS: readonly Attack[] = [
  attack('upgrade to h2c and go on in HTTP/2', "would pass a proxy's rules in a tunnel", async (arena) =>
    onlyAnswers(
      await say(
        arena,
        upgrade(arena.evil.token),
        HELLO,
        headers(3, START, ['authorization', `Bearer ${arena.apiKey}`]),
      ),
      400,
      401,
    ),
  ),
  attack('ask for a tunnel (CONNECT, other upgrades)', 'would reach what the control plane reaches', async (arena) =>
    onlyAnswers(
      (await say(arena, http1('CONNECT 127.0.0.1:7233 HTTP/1.1'), HELLO)) +
        (await say(arena, http1('GET / HTTP/1.1', 'Connection: Upgrade', 'Upgrade: websocket'), HELLO)),
      400,
      401,
      404,
    ),
  ),
  attack('begin like HTTP/2 and go on in HTTP/1', 'would be HTTP/1 to one parser only', async (arena) =>
    onlyAnswers(
      (await say(arena, 'PRI * HTTP/2.0\r\n\r\n', LISTING)) +
        (await say(arena, 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', LISTING)) +
        (await say(arena, 'PRI ', LISTING)) +
        (await say(arena, 'P', 'R', 'I', ' /v1/deployments HTTP/1.1\r\nHost: x\r\n\r\n')) +
        (await say(arena, 'PRI * HTTP/1.1\r\nHost: x\r\n\r\nSM\r\n\r\n', LISTING)),
      400,
      401,
      404,
    ),
  ),
  attack('begin like HTTP/1 and go on in HTTP/2', 'would be taken for a second request', async (arena) =>
    onlyAnswers(
      (await say(arena, http1('GET /healthz HTTP/1.1'), HELLO, headers(1, START))) +
        (await say(arena, http1('POST /healthz HTTP/1.1', 'Content-Length: 24'), PREFACE, LISTING)) +
        (await say(arena, '\r\n', HELLO, headers(1, START))) +
        (await say(arena, ' ', HELLO)),
      200,
      400,
      401,
      404,
    ),
  ),
  attack('send the preface in pieces', 'would slip by whoever looks at first packets only', async (arena) => {
    const bytes = Array.from(PREFACE, (byte) => Buffer.of(byte))
    const info = (token: string) => headers(1, INFO, ['authorization', `Bearer ${token}`])
    const settings = frame(FRAME.settings, 0, 0)
    const answer = await say(arena, ...bytes, settings, info('agt_nobody'))
    if (answer.includes('HTTP/1.1')) throw new Breach('taken for HTTP/1')
    return answer.includes('\0') ? 'answered as HTTP/2, to the door' : 'no answer'
  }),
  attack('send two prefaces', 'would restart a connection that is judged already', async (arena) =>
    onlyAnswers(await say(arena, HELLO, HELLO, headers(1, START)), 400),
  ),
  attack('call the HTTP API inside HTTP/2', 'would come past the checks of the API', async (arena) => {
    const plain = (method: string, path: string) =>
      frame(
        FRAME.headers,
        END_HEADERS | END_STREAM,
        method === 'GET' ? 1 : 3,
        headerBlock([
          [':method', method],
          [':scheme', 'http'],
          [':path', path],
          [':authority', 'x'],
          ['authorization', `Bearer ${arena.apiKey}`],
        ]),
      )
    return onlyAnswers(
      await say(arena, HELLO, plain('GET', '/v1/deployments'), plain('POST', '/v1/invocations')),
    ).replace('no answer', 'no answer of the API')
  }),
  attack(
    'carry an HTTP/1 request in an HTTP/2 body or header',
    'would be unfolded by a careless proxy',
    async (arena) => {
      const token = ['authorization', `Bearer ${arena.apiKey}`] as const
      const open = frame(FRAME.headers, END_HEADERS, 1, headerBlock(grpcHeaders(INFO, token)))
      const inBody = frame(FRAME.data, END_STREAM, 1, Buffer.from(LISTING))
      const inHeader = headers(3, `${INFO} HTTP/1.1\r\nHost: x\r\n\r\nGET /v1/deployments`, token)
      const split = headers(5, INFO, token, ['transfer-encoding', 'chunked'], ['content-length', '0'])
      return onlyAnswers(
        (await say(arena, HELLO, open, inBody)) +
          (await say(arena, HELLO, inHeader)) +
          (await say(arena, HELLO, split)),
      )
    },
  ),
  attack('give two lengths to one request', 'would hide a second request in the first', async (arena) => {
    const both = http1('POST /healthz HTTP/1.1', 'Content-Length: 5', 'Transfer-Encoding: chunked')
    const twice = http1('POST /healthz HTTP/1.1', 'Content-Length: 5', 'Content-Length: 6')
    const odd = http1('POST /healthz HTTP/1.1', 'Transfer-Encoding: xchunked')
    return onlyAnswers(
      (await say(arena, `${both}0\r\n\r\n${LISTING}`)) +
        (await say(arena, `${twice}hello${LISTING}`)) +
        (await say(arena, `${odd}0\r\n\r\n${LISTING}`)),
      // Of the first request. The second one would be answered 401.
      400,
      404,
      501,
    )
  }),
  attack(
    'send two authorization headers in HTTP/2',
    'would be one agent at the door and another behind it',
    async (arena) => {
      const [own, none] = [arena.evil.token, 'agt_nobody'].map((token) => ['authorization', `Bearer ${token}`] as const)
      if (own === undefined || none === undefined) throw new Error('unreachable')
      const poll = (...tokens: readonly (typeof own)[]) =>
        say(
          arena,
          HELLO,
          frame(FRAME.headers, END_HEADERS, 1, headerBlock(grpcHeaders(INFO, ...tokens))),
          frame(FRAME.data, END_STREAM, 1, Buffer.alloc(5)),
        )
      const since = arena.recorder.calls.length
      await poll(none, own)
      if (arena.recorder.calls.slice(since).some(({ path }) => path === INFO))
        throw new Breach('the second one counted')
      await poll(own, none)
      return 'the first one counts, and only it'
    },
    'own',
  ),
]
