/** What a customer with a good token may have open, or on its way, any number of. */
import { once } from 'node:events'
import { connect as connectHttp2, type ClientHttp2Session } from 'node:http2'
import { connect, type Socket } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { inLanes } from '../../bench/lanes.js'
import { Breach, type Arena, type Attack } from '../attack.js'
import { WORKFLOW_SERVICE } from '../hostile-client.js'
import { grpcMessage } from '../http2-peer.js'
import { memoryOf } from '../memory.js'

const attack = (name: string, without: string, run: Attack['run'], mayReach: Attack['mayReach']): Attack => ({
  ...{ name, without, run, mayReach },
  speaksGrpc: false,
})

const BODIES = 150
/** The API takes some more. */
const BODY_BYTES = 2_000_000
/** Undefended, all of it is in by then. */
const POURING_MS = 3_000
/** 16 bodies of a token come in at once. */
const MOST_HELD_MB = 60

/** Each with all but its last byte. */
async function unfinishedBodies(arena: Arena): Promise<string> {
  const head = [
    'POST /v1/agent/session HTTP/1.1',
    `host: ${arena.host}`,
    `authorization: Bearer ${arena.evil.token}`,
    'content-type: application/json',
    `content-length: ${BODY_BYTES}`,
  ]
  const request = Buffer.concat([Buffer.from(`${head.join('\r\n')}\r\n\r\n`), Buffer.alloc(BODY_BYTES - 1, ' ')])
  const { heldBytes: before } = await memoryOf(arena)
  const sockets: Socket[] = []
  let heldMb = 0
  try {
    for (let at = 0; at < BODIES; at += 1) {
      const socket = connect(arena.port, arena.host)
      sockets.push(socket)
      socket.on('error', () => undefined).resume()
      socket.write(request)
    }
    await delay(POURING_MS)
    heldMb = Math.round(((await memoryOf(arena)).heldBytes - before) / 1e6)
  } finally {
    for (const socket of sockets) socket.destroy()
  }
  if (heldMb > MOST_HELD_MB) throw new Breach(`${BODIES} unfinished bodies hold ${heldMb} MB`)
  return `${heldMb} MB held for ${BODIES} unfinished bodies of ${BODY_BYTES / 1e6} MB`
}

const CONNECTIONS = 1_100
/** Of a deployment, with those of its own agent. */
const MOST_CONNECTIONS = 1_000

const CALL = {
  ':method': 'POST',
  ':path': `/${WORKFLOW_SERVICE}/GetSystemInfo`,
  'content-type': 'application/grpc',
  te: 'trailers',
}

/** Says who it is on each, and leaves it open. */
async function manyConnections({ url, evil }: Arena): Promise<string> {
  const sessions: ClientHttp2Session[] = []
  let admitted = 0
  try {
    await inLanes(CONNECTIONS, 100, async () => {
      const session = connectHttp2(url)
      session.on('error', () => undefined)
      sessions.push(session)
      if ((await statusOf(session, evil.token)) === '0') admitted += 1
    })
  } finally {
    for (const session of sessions) session.destroy()
  }
  if (admitted > MOST_CONNECTIONS) throw new Breach(`${admitted} connections of one deployment were served`)
  return `${admitted} of ${CONNECTIONS} connections served`
}

async function statusOf(session: ClientHttp2Session, token: string): Promise<unknown> {
  const stream = session.request({ ...CALL, authorization: `Bearer ${token}` })
  let status: unknown
  const take = (headers: Record<string, unknown>): void => {
    status ??= headers['grpc-status']
  }
  stream
    .on('response', take)
    .on('trailers', take)
    .on('error', () => undefined)
    .resume()
  stream.end(grpcMessage(Buffer.alloc(0)))
  await once(stream, 'close')
  return status
}

export const HOARD_ATTACKS: readonly Attack[] = [
  attack('send bodies over HTTP that never end', 'would hold 2 MB for each of them', unfinishedBodies, 'nothing'),
  attack(
    'open more connections than a deployment has agents',
    'would hold 30 kB for each of them',
    manyConnections,
    'own',
  ),
]
