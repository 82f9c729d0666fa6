/** Frames that cost the sender little and the reader much. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { allGone } from '../crowd.js'
import { Breach, type Arena, type Attack, type Scale } from '../attack.js'
import {
  dial,
  END_HEADERS,
  FRAME,
  frame,
  GREETING,
  grpcHeaders,
  headerBlock,
  HELLO,
  streamId,
  wholeCall,
  type Peer,
} from '../http2-peer.js'
import { WORKFLOW_SERVICE } from '../hostile-client.js'

const attack = (name: string, without: string, run: Attack['run']): Attack => ({
  ...{ name, without, run },
  mayReach: 'own',
  speaksGrpc: false,
})

/** A connection whose pings are not answered ends after 30 s. */
const UNANSWERED_MS = 40_000

const BATCH = 500

/** Writes frames until all are written, or the server has had enough. */
async function flood({ socket, gone }: Peer, count: number, make: (index: number) => Buffer): Promise<string> {
  let sent = 0
  while (sent < count && socket.writable) {
    const batch = Array.from({ length: Math.min(BATCH, count - sent) }, (_, index) => make(sent + index))
    const flushed = socket.write(Buffer.concat(batch))
    sent += batch.length
    if (flushed) continue
    const drained = once(socket, 'drain', { signal: AbortSignal.timeout(1_000) }).catch(() => undefined)
    await Promise.race([drained, gone])
  }
  await Promise.race([gone, delay(500)])
  return socket.destroyed || !socket.writable ? `cut off after about ${sent} frames` : `took ${sent} frames`
}

async function floodWith(arena: Arena, count: number, make: (index: number) => Buffer, before?: Buffer) {
  const peer = await dial(arena)
  peer.socket.write(Buffer.concat([GREETING, before ?? Buffer.alloc(0)]))
  try {
    const end = await flood(peer, count, make)
    await assertAnswers(arena)
    return end
  } finally {
    peer.socket.destroy()
  }
}

async function assertAnswers({ url }: Arena): Promise<void> {
  const startMs = performance.now()
  await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(10_000) }).catch(() => {
    throw new Breach('no answer within 10000 ms')
  })
  if (performance.now() - startMs > 5_000) throw new Breach('the answer took over 5000 ms')
}

const call = (token: string, method = 'GetSystemInfo') =>
  headerBlock(grpcHeaders(`/${WORKFLOW_SERVICE}/${method}`, ['authorization', `Bearer ${token}`]))

const resetting = (block: Buffer) => (index: number) =>
  Buffer.concat([
    frame(FRAME.headers, END_HEADERS, streamId(index), block),
    frame(FRAME.rstStream, 0, streamId(index), Buffer.of(0, 0, 0, 8)),
  ])

/** The server is made to reset the streams itself: by a window update that overflows. */
const madeToReset = (block: Buffer) => (index: number) =>
  Buffer.concat([
    frame(FRAME.headers, END_HEADERS, streamId(index), block),
    frame(FRAME.windowUpdate, 0, streamId(index), Buffer.of(0x7f, 0xff, 0xff, 0xff)),
  ])

const setting = Buffer.of(0, 4, 0, 1, 0, 0)

export const FLOOD_ATTACKS: readonly Attack[] = [
  attack(
    'open and reset streams (rapid reset), unknown',
    'would start work that is never waited for',
    (arena, { floods }) => floodWith(arena, floods, resetting(call('agt_nobody'))),
  ),
  attack(
    'open and reset streams (rapid reset), with a token',
    'would start work that is never waited for',
    (arena, { floods }) => floodWith(arena, floods, resetting(call(arena.evil.token))),
  ),
  attack('make the server reset streams', 'would go past what is counted as resets', (arena, { floods }) =>
    floodWith(arena, floods, madeToReset(call(arena.evil.token))),
  ),
  attack('flood with settings', 'would be acknowledged one by one', (arena, { floods }) =>
    floodWith(arena, floods, () => frame(FRAME.settings, 0, 0, setting)),
  ),
  attack('flood with pings', 'would be answered one by one', (arena, { floods }) =>
    floodWith(arena, floods, () => frame(FRAME.ping, 0, 0, Buffer.alloc(8))),
  ),
  attack('flood with empty data frames', 'would keep the parser busy with nothing', (arena, { floods }) =>
    floodWith(
      arena,
      floods,
      () => frame(FRAME.data, 0, 1),
      frame(FRAME.headers, END_HEADERS, 1, call(arena.evil.token)),
    ),
  ),
  attack('flood with priorities and window updates', 'would rebuild a tree for each', (arena, { floods }) =>
    floodWith(arena, floods, (index) =>
      index % 2 === 0
        ? frame(FRAME.priority, 0, streamId(index), Buffer.of(0, 0, 0, 0, 15))
        : frame(FRAME.windowUpdate, 0, 0, Buffer.of(0, 0, 0, 1)),
    ),
  ),
  attack('flood with calls of no token', 'would ask the registry for each', (arena, { floods }) =>
    floodWith(arena, Math.min(floods, 20_000), (index) => wholeCall(index, call(`agt_nobody${index}`))),
  ),
  attack('send a header map of very many entries', 'would be held in memory as a whole', manyHeaders),
  attack('send a header map by reference (HPACK bomb)', 'would grow a hundredfold on arrival', hpackBomb),
  attack(
    'send an HTTP/2 frame of 10 MB',
    'would be read into memory before it is looked at',
    async (arena, { oneByOne }) => {
      const peer = await dial(arena)
      const opened = frame(FRAME.headers, END_HEADERS, 1, call(arena.evil.token))
      peer.socket.write(Buffer.concat([HELLO, opened, frame(FRAME.data, 0, 1, Buffer.alloc(10 * 1024 * 1024))]))
      await assertAnswers(arena)
      if (oneByOne)
        return `let go within ${await allGone('connections with an oversized frame', [peer], UNANSWERED_MS)} ms`
      peer.socket.destroy()
      return 'others were served beside it'
    },
  ),
]

/** In as many continuation frames as it takes. */
async function manyHeaders(arena: Arena, { headers }: Scale): Promise<string> {
  const perFrame = 1_000
  const block = headerBlock(Array.from({ length: perFrame }, (_, index) => [`x-${index}`, 'y'] as const))
  const first = frame(FRAME.headers, 0, 1, call(arena.evil.token))
  return floodWith(arena, headers / perFrame, () => frame(FRAME.continuation, 0, 1, block), first)
}

/** One large header that is remembered, then a byte each for its repetitions. */
async function hpackBomb(arena: Arena): Promise<string> {
  const value = 'v'.repeat(3_900)
  const large = headerBlock([['x-bomb', value]])
  // 0x40: a literal that is remembered. 0xbe: the entry remembered last.
  const remembered = Buffer.concat([Buffer.of(0x40), large.subarray(1)])
  const block = Buffer.concat([call(arena.evil.token), remembered, Buffer.alloc(10_000, 0xbe)])
  return floodWith(arena, 200, (index) => wholeCall(index, block))
}
