/** Messages that are larger than they look, larger than they may be, or never whole. */
import { setTimeout as delay } from 'node:timers/promises'
import { gzipSync } from 'node:zlib'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { allRefused, Breach, type Arena, type Attack } from '../attack.js'
import { NAMESPACE } from '../battlefield.js'
import { gzipBomb } from '../bytes.js'
import { HostileClient, WORKFLOW_SERVICE, type GrpcAnswer } from '../hostile-client.js'
import { grpcMessage } from '../http2-peer.js'
import { memoryOf } from '../memory.js'
import { bytesField } from '../protobuf-tricks.js'
import { pollRequest } from '../raw-task.js'

const attack = (
  name: string,
  without: string,
  run: Attack['run'],
  mayReach: Attack['mayReach'] = 'nothing',
): Attack => ({ name, without, run, mayReach, speaksGrpc: false })

const MIB = 1024 * 1024
const HEARTBEAT = `/${WORKFLOW_SERVICE}/RecordActivityTaskHeartbeat`

const HEADERS = { ':method': 'POST', ':path': HEARTBEAT, 'content-type': 'application/grpc', te: 'trailers' }

/** A call whose message is sent as it is, compressed or not, under whatever encoding it says. */
async function sendFramed({ url, evil }: Arena, body: Uint8Array, encoding: string): Promise<string> {
  const session = connectHttp2(url)
  session.on('error', () => undefined)
  try {
    return await new Promise<string>((resolve) => {
      const stream = session.request({
        ...HEADERS,
        'grpc-encoding': encoding,
        authorization: `Bearer ${evil.token}`,
      })
      let status = 'no status'
      const take = (headers: Record<string, unknown>): void => {
        if (typeof headers['grpc-status'] === 'string') status = headers['grpc-status']
      }
      stream
        .on('response', take)
        .on('trailers', take)
        .on('error', () => undefined)
      stream.on('close', () => resolve(status)).resume()
      stream.end(body)
    })
  } finally {
    session.destroy()
  }
}

/** @throws {Breach} for a status of 0 */
async function framedAreRefused(arena: Arena, bodies: readonly (readonly [Uint8Array, string])[]): Promise<string> {
  const statuses: string[] = []
  for (const [body, encoding] of bodies) {
    const status = await sendFramed(arena, body, encoding)
    if (status === '0') throw new Breach('answered OK')
    statuses.push(status)
  }
  return `gRPC status ${statuses.join(', ')}`
}

async function manyPolls(arena: Arena): Promise<string> {
  const client = new HostileClient(`${arena.host}:${arena.port}`, arena.evil.token)
  const request = pollRequest(arena.evil.rawQueue, { workerInstanceKey: 'hoarder' })
  const polls = Array.from({ length: 60 }, () =>
    client.start({ method: 'PollActivityTaskQueue', request, timeoutMs: 10_000 }),
  )
  const refused: GrpcAnswer[] = []
  const leaving = Promise.all(
    polls.map(async ({ answer }) => {
      const ended = await answer
      if (ended.code !== 'CANCELLED') refused.push(ended)
    }),
  )
  try {
    // Of those over the limit all are answered; the others stay.
    while (refused.length < 40) await new Promise((resolve) => setTimeout(resolve, 20))
  } finally {
    for (const { cancel } of polls) cancel()
    await leaving
    client.close()
  }
  return `${allRefused(refused, 'RESOURCE_EXHAUSTED')} of 60`
}

/** As many streams as a connection may have, each with all but the last byte of the largest message there may be. */
async function unfinished(arena: Arena, connections: number, streams: number): Promise<string> {
  const sessions: ClientHttp2Session[] = []
  const message = grpcMessage(Buffer.alloc(4 * MIB - 16)).subarray(0, -1)
  const { rssBytes: before } = await memoryOf(arena)
  let held = before
  try {
    for (let at = 0; at < connections; at += 1) sessions.push(pourIn(arena, message, streams))
    // Asked once: to collect garbage all the time would slow down what comes in.
    await delay(POURING_MS)
    held = (await memoryOf(arena)).rssBytes
  } finally {
    for (const session of sessions) session.destroy()
  }
  const heldMb = Math.round((held - before) / 1e6)
  if (heldMb > MOST_HELD_MB) throw new Breach(`${connections * streams} unfinished messages hold ${heldMb} MB`)
  return `${heldMb} MB held for ${connections * streams} unfinished messages of 4 MiB`
}

/** Undefended, hundreds of megabytes are in by then. */
const POURING_MS = 3_000
/** 16 messages of a deployment come in at once, of 4 MB each; the rest is what waits in sockets. */
const MOST_HELD_MB = 200

/** Keeps to what the server allows: nobody can tell it from an agent with much to report. */
function pourIn({ url, evil }: Arena, message: Buffer, streams: number): ClientHttp2Session {
  const session = connectHttp2(url)
  session.on('error', () => undefined)
  for (let at = 0; at < streams; at += 1) {
    const stream = session.request({ ...HEADERS, authorization: `Bearer ${evil.token}` })
    stream.on('error', () => undefined).resume()
    stream.write(message)
  }
  return session
}

export const SIZE_ATTACKS: readonly Attack[] = [
  attack('send a message of 10 MB', 'would fill the memory, then Temporal’s', async ({ hostile, evilTask }) => {
    const request = Buffer.concat([
      bytesField(1, evilTask.sealed),
      bytesField(2, Buffer.alloc(10 * MIB)),
      bytesField(4, NAMESPACE),
    ])
    return allRefused(
      [await hostile.call({ method: 'RecordActivityTaskHeartbeat', request, timeoutMs: 10_000 })],
      'RESOURCE_EXHAUSTED',
    )
  }),
  attack(
    'send a control message of 1 MB',
    'would be taken where a few hundred bytes are due',
    async ({ hostile, evil }) =>
      allRefused(
        [
          await hostile.call({
            method: 'PollActivityTaskQueue',
            request: pollRequest(evil.queue, { workerInstanceKey: 'x'.repeat(MIB) }),
          }),
        ],
        'INVALID_ARGUMENT',
        'RESOURCE_EXHAUSTED',
      ),
  ),
  attack('send 1 MB that inflates to 1 GB (gzip bomb)', 'would fill the memory', (arena) =>
    framedAreRefused(arena, [
      [grpcMessage(gzipBomb(1_024 * MIB), true), 'gzip'],
      [grpcMessage(gzipBomb(8 * MIB), true), 'gzip'],
    ]),
  ),
  attack('lie about the encoding', 'would be read as something else, or end the process', (arena) =>
    framedAreRefused(arena, [
      [grpcMessage(Buffer.from('not gzip'), true), 'gzip'],
      [grpcMessage(Buffer.from('x'), true), 'identity'],
      [grpcMessage(Buffer.from('x'), true), 'br'],
      [grpcMessage(Buffer.from('x'), false), 'snappy'],
      [grpcMessage(gzipSync('x').subarray(0, 10), true), 'gzip'],
      [grpcMessage(Buffer.from('x'), true), 'deflate'],
      [Buffer.of(2, 0, 0, 0, 0), 'gzip'],
      [Buffer.of(0xff, 0xff, 0xff, 0xff, 0xff), 'identity'],
      [Buffer.of(0), 'identity'],
    ]),
  ),
  attack('send two messages in one call', 'would be two requests behind one check', async (arena) => {
    const beat = grpcMessage(Buffer.concat([bytesField(1, arena.evilTask.sealed), bytesField(4, NAMESPACE)]))
    return framedAreRefused(arena, [[Buffer.concat([beat, beat]), 'identity']])
  }),
  attack('hold more polls than one may', 'would use up the polls that Temporal allows', manyPolls, 'own'),
  attack(
    'never finish messages, on all streams there may be',
    'would hold 4 MB for each of them',
    (arena) => unfinished(arena, 2, 240),
    'own',
  ),
]
