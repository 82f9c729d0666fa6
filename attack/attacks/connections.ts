/** Connections that cost more than they are worth. */
import { setTimeout as delay } from 'node:timers/promises'
import { Breach, type Arena, type Attack, type Scale } from '../attack.js'
import { inLanes } from '../../bench/lanes.js'
import { allGone, leave } from '../crowd.js'
import {
  ACK,
  dial,
  FRAME,
  frame,
  framesOf,
  GREETING,
  grpcHeaders,
  headerBlock,
  HELLO,
  PREFACE,
  type Peer,
} from '../http2-peer.js'

const attack = (name: string, without: string, run: Attack['run']): Attack => ({
  ...{ name, without, run },
  mayReach: 'vendor',
  speaksGrpc: false,
  waits: true,
})

const AT_ONCE = 2_000

async function manyPeers(arena: Arena, count: number, say: (peer: Peer, index: number) => void): Promise<Peer[]> {
  const peers: Peer[] = []
  await inLanes(count, 200, async (index) => {
    const peer = await dial(arena)
    say(peer, index)
    peers.push(peer)
  })
  return peers
}

/** While connections are held, others get their answers. */
async function assertServing({ url, acme }: Arena): Promise<void> {
  const startMs = performance.now()
  await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(5_000) }).catch(() => {
    throw new Breach('no answer within 5000 ms while the connections are held')
  })
  await acme.commands.invoke('echo', { value: 1 }, { timeoutMs: 10_000 })
  const tookMs = performance.now() - startMs
  if (tookMs > 10_000) throw new Breach(`a command took ${Math.round(tookMs)} ms while the connections are held`)
}

async function held(arena: Arena, what: string, peers: readonly Peer[], withinMs: number): Promise<string> {
  await assertServing(arena)
  return `${peers.length} ${what} let go within ${await allGone(what, peers, withinMs)} ms`
}

/** Everything a scanner says, and what a client says that thinks better of it. */
const OPENINGS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  Buffer.from('\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03'),
  Buffer.from('SSH-2.0-x\r\n'),
  Buffer.alloc(1_024, 0xff),
  Buffer.from('\0'),
  PREFACE.subarray(0, 10),
  PREFACE,
  HELLO,
  Buffer.concat([HELLO, Buffer.alloc(100, 0xff)]),
  Buffer.concat([
    HELLO,
    frame(FRAME.headers, 5, 1, headerBlock(grpcHeaders('/x/y', ['authorization', 'Bearer agt_nobody']))),
  ]),
]

async function churn(arena: Arena, { connections }: Scale): Promise<string> {
  await inLanes(connections, 100, async (index) => {
    const { socket, gone } = await dial(arena)
    socket.write(OPENINGS[index % OPENINGS.length] ?? '', () => {
      if (index % 3 === 0) socket.resetAndDestroy()
      else socket.end(() => socket.destroySoon())
    })
    // A server that waits for more is left all the same.
    await Promise.race([gone, delay(100)])
    socket.destroy()
  })
  return `${connections} connections came and went`
}

/** A byte now and then, as long as anybody takes them. */
function trickle(peers: readonly Peer[], everyMs: number, byte: (round: number) => string | Buffer): () => void {
  let round = 0
  const timer = setInterval(() => {
    for (const { socket } of peers) if (socket.writable) socket.write(byte(round))
    round += 1
  }, everyMs)
  return () => clearInterval(timer)
}

const crowdOf = ({ connections }: Scale): number => Math.min(AT_ONCE, connections)
/** Half a minute and more is for the full form. */
const isFull = ({ connections }: Scale): boolean => connections >= AT_ONCE

async function slowHeaders(arena: Arena, scale: Scale): Promise<string> {
  const peers = await manyPeers(
    arena,
    crowdOf(scale),
    ({ socket }) => void socket.write('GET / HTTP/1.1\r\nHost: x\r\n'),
  )
  const stop = trickle(peers, 1_000, () => 'a: b\r\n')
  try {
    if (isFull(scale)) return await held(arena, 'slow HTTP/1 requests', peers, 100_000)
    await assertServing(arena)
    leave(peers)
    return `others were served beside ${peers.length} slow HTTP/1 requests`
  } finally {
    stop()
  }
}

async function deafHttp2(arena: Arena, scale: Scale): Promise<string> {
  const peers = await manyPeers(arena, crowdOf(scale), ({ socket }) => void socket.write(HELLO))
  if (isFull(scale)) return held(arena, 'silent HTTP/2 connections', peers, 45_000)
  await assertServing(arena)
  leave(peers)
  return `others were served beside ${peers.length} silent HTTP/2 connections`
}

/** Answers pings, and never says who it is. */
async function politeStranger(arena: Arena, scale: Scale): Promise<string> {
  const peers = await manyPeers(arena, crowdOf(scale), ({ socket, received }) => {
    socket.write(GREETING)
    let answered = 0
    socket.on('data', () => {
      const pings = framesOf(received(), FRAME.ping)
      for (; answered < pings.length; answered += 1) socket.write(frame(FRAME.ping, ACK, 0, pings[answered]))
    })
  })
  return held(arena, 'HTTP/2 connections that never say who they are', peers, STRANGER_MS)
}

const STRANGER_MS = 20_000

async function endlessHeaders(arena: Arena, scale: Scale): Promise<string> {
  const peers = await manyPeers(arena, crowdOf(scale), ({ socket }) => {
    // Without END_HEADERS: the server may take nothing but more of the same.
    socket.write(Buffer.concat([HELLO, frame(FRAME.headers, 0, 1, headerBlock([[':method', 'POST']]))]))
  })
  const stop = trickle(peers, 1_000, () => frame(FRAME.continuation, 0, 1, headerBlock([['a', 'b']])))
  try {
    return await held(arena, 'HTTP/2 connections in the middle of their headers', peers, STRANGER_MS)
  } finally {
    stop()
  }
}

export const CONNECTION_ATTACKS: readonly Attack[] = [
  attack('connect and leave in all sorts of ways', 'would leave something behind each time', churn),
  attack('connect and say nothing', 'would hold a file descriptor for good', async (arena, scale) =>
    held(arena, 'silent connections', await manyPeers(arena, crowdOf(scale), () => undefined), 15_000),
  ),
  attack('send half a preface, byte by byte', 'would never be HTTP/1 nor HTTP/2', async (arena, scale) => {
    const peers = await manyPeers(arena, crowdOf(scale), () => undefined)
    const stop = trickle(peers, 900, (round) => PREFACE.subarray(round, round + 1))
    try {
      return await held(arena, 'halves of a preface', peers, 15_000)
    } finally {
      stop()
    }
  }),
  attack('send HTTP/1 headers for ever (slow loris)', 'would hold all the connections there can be', slowHeaders),
  attack('open HTTP/2 and fall silent', 'would hold a session each', deafHttp2),
  attack('open HTTP/2, answer pings, never say who one is', 'would hold a session each for minutes', politeStranger),
  attack('send HTTP/2 headers for ever', 'would hold a session each, and grow it', endlessHeaders),
]
