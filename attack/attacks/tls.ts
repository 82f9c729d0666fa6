/** What can be done before anybody has said a word of HTTP: handshakes that cost the server more than the client. */
import { request } from 'node:https'
import { randomBytes } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { connect, type TLSSocket, type ConnectionOptions } from 'node:tls'
import { Breach, type Arena, type Attack, type Scale } from '../attack.js'
import { inLanes } from '../../bench/lanes.js'
import { allGone } from '../crowd.js'
import { dial, HELLO, type Peer } from '../http2-peer.js'

const attack = (name: string, without: string, run: Attack['run'], waits = false): Attack => ({
  ...{ name, without, run },
  mayReach: 'vendor',
  speaksGrpc: false,
  ...(waits ? { waits: true } : {}),
})

const AT_ONCE = 50
const SHAKEN_WITHIN_MS = 10_000

/** A handshake of one's own. `undefined` when the server did not go through with it. */
function shake({ secure: { host, port, ca } }: Arena, options: ConnectionOptions): Promise<TLSSocket | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ host, port, ca, ALPNProtocols: ['h2'], ...options }, () => resolve(socket))
    socket.on('error', () => resolve(undefined))
    socket.on('close', () => resolve(undefined))
    socket.setTimeout(SHAKEN_WITHIN_MS, () => socket.destroy())
  })
}

/** While it goes on, and after it, others get their answers over TLS. */
function assertServing({ secure: { host, port, ca } }: Arena): Promise<void> {
  return new Promise((resolve, reject) => {
    const asked = request({ host, port, ca, path: '/healthz', agent: false, timeout: 10_000 }, (response) => {
      response.resume()
      if (response.statusCode === 200) resolve()
      else reject(new Breach(`/healthz answered ${response.statusCode ?? 'nothing'}`))
    })
    asked.on('timeout', () => asked.destroy(new Error('no answer within 10000 ms')))
    asked.on('error', ({ message }) => reject(new Breach(message)))
    asked.end()
  })
}

/** As far as a scanner, or a client of another protocol, gets. */
const OPENINGS: readonly Buffer[] = [
  Buffer.alloc(0),
  Buffer.from('GET / HTTP/1.1\r\nHost: x\r\n\r\n'),
  HELLO,
  randomBytes(512),
  // A record that announces more than it has; one of an unknown kind; an alert.
  Buffer.from('160301ffff0100', 'hex'),
  Buffer.from('990301000401020304', 'hex'),
  Buffer.from('15030100020228', 'hex'),
  // ClientHello whose length lies.
  Buffer.concat([Buffer.from('1603010200010001fc0303', 'hex'), randomBytes(501)]),
]

async function garbage(arena: Arena, { connections }: Scale): Promise<string> {
  await inLanes(connections, AT_ONCE, async (index) => {
    const { socket, gone } = await dial(arena.secure)
    socket.write(OPENINGS[index % OPENINGS.length] ?? '', () => {
      if (index % 3 === 0) socket.resetAndDestroy()
    })
    await Promise.race([gone, delay(50)])
    socket.destroy()
  })
  await assertServing(arena)
  return `${connections} came and went`
}

/** Whole ones, each of which costs the server a signature. */
async function handshakes(arena: Arena, { connections }: Scale): Promise<string> {
  let whole = 0
  await inLanes(connections, AT_ONCE, async (index) => {
    const socket = await shake(arena, index % 2 === 0 ? {} : { maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] })
    if (socket) whole += 1
    socket?.destroy()
  })
  await assertServing(arena)
  if (whole < connections * 0.9) throw new Breach(`only ${whole} of ${connections} were answered`)
  return `${whole} were made and left`
}

const HELD_MS = 20_000

/** The first bytes of a handshake, and then nothing. */
async function halfOpen(arena: Arena, { connections }: Scale): Promise<string> {
  const peers: Peer[] = []
  await inLanes(Math.min(connections, 2_000), 200, async (index) => {
    const peer = await dial(arena.secure)
    if (index % 2 === 0) peer.socket.write(Buffer.from('1603010200010001fc0303', 'hex'))
    peers.push(peer)
  })
  await assertServing(arena)
  const tookMs = await allGone('half-open handshakes', peers, HELD_MS)
  return `${peers.length} let go within ${tookMs} ms`
}

/** What was agreed on in the handshake, and then the other protocol; and what nobody here speaks. */
async function wrongAlpn(arena: Arena): Promise<string> {
  const unknown = await shake(arena, { ALPNProtocols: ['spdy/3.1', 'h3'] })
  unknown?.destroy()
  if (unknown) throw new Breach(`"${String(unknown.alpnProtocol)}" was agreed on`)
  const http1 = Buffer.from('GET /v1/deployments HTTP/1.1\r\nHost: x\r\n\r\n')
  const [asHttp2, asHttp1] = [await said(arena, ['h2'], http1), await said(arena, ['http/1.1'], HELLO)]
  if (asHttp2.includes('HTTP/1.1')) throw new Breach('HTTP/1 was answered where HTTP/2 was agreed on')
  if (!asHttp1.startsWith('HTTP/1.1 400') && asHttp1 !== '') throw new Breach(`answered ${asHttp1.slice(0, 80)}`)
  await assertServing(arena)
  return 'no handshake, and no answer in the other protocol'
}

async function said(arena: Arena, ALPNProtocols: string[], bytes: Buffer): Promise<string> {
  const socket = await shake(arena, { ALPNProtocols })
  if (!socket) throw new Error(`no handshake for ${ALPNProtocols.join()}`)
  const chunks: Buffer[] = []
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  const gone = new Promise((resolve) => socket.once('close', resolve))
  socket.write(bytes)
  await Promise.race([gone, delay(1_000)])
  socket.destroy()
  return Buffer.concat(chunks).toString('latin1')
}

/** Node lets a client have three in ten minutes. */
const MAX_RENEGOTIATIONS = 10

async function renegotiate(arena: Arena): Promise<string> {
  const socket = await shake(arena, { maxVersion: 'TLSv1.2', ALPNProtocols: ['http/1.1'] })
  if (!socket) throw new Error('no handshake in TLS 1.2')
  let done = 0
  while (done <= MAX_RENEGOTIATIONS && (await renegotiated(socket))) done += 1
  socket.destroy()
  await assertServing(arena)
  if (done > MAX_RENEGOTIATIONS) throw new Breach(`${done} renegotiations on one connection`)
  return `no more after ${done}`
}

const RENEGOTIATED_WITHIN_MS = 2_000

const renegotiated = (socket: TLSSocket): Promise<boolean> =>
  new Promise((resolve) => {
    if (socket.destroyed) resolve(false)
    socket.once('close', () => resolve(false))
    // A server that has had enough says nothing.
    setTimeout(() => resolve(false), RENEGOTIATED_WITHIN_MS).unref()
    socket.renegotiate({ rejectUnauthorized: false }, (error) => resolve(error === null))
  })

export const TLS_ATTACKS: readonly Attack[] = [
  // First, for it waits beside the connections before it.
  attack('begin a TLS handshake and fall silent', 'would hold a file descriptor for minutes', halfOpen, true),
  attack('begin TLS with garbage', 'would leave something behind each time', garbage),
  attack('make TLS handshakes and leave', 'would leave something behind each time', handshakes),
  attack('agree on one protocol and speak another', 'would come past the checks of the one', wrongAlpn),
  attack('renegotiate TLS again and again', 'would cost the server a handshake each time', renegotiate),
]
