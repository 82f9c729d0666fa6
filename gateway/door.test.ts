import { Server, ServerCredentials, status, type sendUnaryData } from '@grpc/grpc-js'
import { once } from 'node:events'
import { connect, constants, type ClientHttp2Session, type ClientHttp2Stream } from 'node:http2'
import { createServer, type AddressInfo } from 'node:net'
import { describe, expect, onTestFinished, test } from 'vitest'
import type { Agent } from './agent.js'
import { door } from './door.js'
import { KnownConnections } from './known-connections.js'
import { SERVICE } from './methods.js'
import { Receiving } from '../protocol/receiving.js'
import { RefusalLog } from './refusal-log.js'
import { Strangers } from './strangers.js'

const PATH = `/${SERVICE}/GetSystemInfo`
const agent: Agent = { tokenId: 'agtid_1', deployment: { id: 'dep_a', name: 'acme-corp' }, queues: new Set() }

const asTheyAre = (bytes: Buffer): Buffer => bytes
const RECEIVE_MS = 300

/** A client's connection to a server with one method, behind the door. */
async function open(): Promise<ClientHttp2Session> {
  const log = { warn: () => undefined, error: () => undefined }
  const agentOf = (token: string) => Promise.resolve(token === 'agt_1' ? agent : undefined)
  const strangers = new Strangers()
  const server = new Server({
    interceptors: [
      door({
        agents: { get: agentOf, getNow: agentOf },
        addressOf: (connected, forwardedFor) => forwardedFor ?? connected,
        callLimit: { perSecond: 0, countToken: () => 0 },
        callers: new WeakMap(),
        refusals: new RefusalLog(log, { add: () => undefined }),
        strangers,
        connections: new KnownConnections(),
        receiving: new Receiving(),
        receiveMs: RECEIVE_MS,
      }),
    ],
  })
  server.register(
    PATH,
    (_call: unknown, reply: sendUnaryData<Buffer>) => reply(null, Buffer.alloc(0)),
    asTheyAre,
    asTheyAre,
    'unary',
  )
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  const port = createServer((socket) => {
    strangers.admit(`${socket.remoteAddress ?? ''}:${socket.remotePort ?? ''}`, socket, () =>
      injector.injectConnection(socket),
    )
  }).listen(0, '127.0.0.1')
  await once(port, 'listening')
  const session = connect(`http://127.0.0.1:${(port.address() as AddressInfo).port}`)
  onTestFinished(() => {
    session.destroy()
    port.close()
    server.forceShutdown()
  })
  return session
}

const callHeaders = {
  ':method': 'POST',
  ':path': PATH,
  'content-type': 'application/grpc',
  te: 'trailers',
  authorization: 'Bearer agt_1',
}

/** gRPC's status, wherever the server put it. */
async function statusOf(stream: ClientHttp2Stream): Promise<string> {
  const [headers] = (await once(stream, 'response')) as [Record<string, string>]
  if (headers['grpc-status'] !== undefined) return headers['grpc-status']
  const [trailers] = (await once(stream, 'trailers')) as [Record<string, string>]
  return trailers['grpc-status'] ?? ''
}

test('a message that does not come in time ends its stream, and no other', async () => {
  const session = await open()
  const late = session.request(callHeaders)
  late.on('error', () => undefined)
  late.resume()
  const closed = once(late, 'close')
  const startMs = performance.now()
  // Five bytes announce a message of ten; it never comes.
  late.write(Buffer.from([0, 0, 0, 0, 10]))
  expect(await statusOf(late)).toBe(String(status.DEADLINE_EXCEEDED))
  expect(performance.now() - startMs).toBeGreaterThanOrEqual(RECEIVE_MS - 1)
  // Not only answered: what came of it is let go.
  await closed
  expect(late.rstCode).toBe(constants.NGHTTP2_CANCEL)
  const next = session.request(callHeaders)
  next.resume()
  next.end(Buffer.alloc(5))
  expect(await statusOf(next)).toBe(String(status.OK))
})

describe('a connection on which too many wrong tokens come', () => {
  const wrong = (session: ClientHttp2Session, headers = {}): Promise<string> => {
    const stream = session.request({ ...callHeaders, authorization: 'Bearer agt_wrong', ...headers })
    stream.resume()
    stream.end()
    return statusOf(stream)
  }

  test('ends, once what is under way on it is done', async () => {
    const session = await open()
    const good = session.request(callHeaders)
    good.resume()
    const closed = once(session, 'close')
    for (let count = 0; count < 9; count += 1) expect(await wrong(session)).toBe(String(status.UNAUTHENTICATED))
    expect(session.closed).toBe(false)
    const goingAway = once(session, 'goaway')
    expect(await wrong(session)).toBe(String(status.UNAUTHENTICATED))
    await goingAway
    expect(session.destroyed).toBe(false)
    good.end(Buffer.alloc(5))
    expect(await statusOf(good)).toBe(String(status.OK))
    await closed
  })

  test('stays when it is that of a proxy, which has the calls of many', async () => {
    const session = await open()
    for (let count = 0; count < 20; count += 1) {
      expect(await wrong(session, { 'x-forwarded-for': '203.0.113.1' })).toBe(String(status.UNAUTHENTICATED))
    }
    expect(session.closed).toBe(false)
  })
})
