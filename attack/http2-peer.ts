/** HTTP/2 by hand, frame by frame: for what no HTTP/2 library would send. */
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

export const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')

export const FRAME = {
  data: 0,
  headers: 1,
  priority: 2,
  rstStream: 3,
  settings: 4,
  ping: 6,
  goaway: 7,
  windowUpdate: 8,
  continuation: 9,
} as const

export const END_STREAM = 1
export const ACK = 1
export const END_HEADERS = 4

const NOTHING = Buffer.alloc(0)

export function frame(type: number, flags: number, streamId: number, payload: Uint8Array = NOTHING): Buffer {
  const head = Buffer.alloc(9)
  head.writeUIntBE(payload.length, 0, 3)
  head[3] = type
  head[4] = flags
  head.writeUInt32BE(streamId, 5)
  return Buffer.concat([head, payload])
}

/** How a well-behaved client begins. */
export const HELLO = Buffer.concat([PREFACE, frame(FRAME.settings, 0, 0)])

/** The same, and what it owes the server's settings. */
export const GREETING = Buffer.concat([HELLO, frame(FRAME.settings, ACK, 0)])

/** @param index of the stream among those that the client opens, from 0 */
export const streamId = (index: number): number => 2 * index + 1

/** A call without a message, in one frame. */
export const wholeCall = (index: number, headers: Buffer): Buffer =>
  frame(FRAME.headers, END_HEADERS | END_STREAM, streamId(index), headers)

/** HPACK without its compression: each header as a literal that is not remembered. */
export const headerBlock = (headers: readonly (readonly [string, string])[]): Buffer =>
  Buffer.concat(headers.map(([name, value]) => Buffer.concat([Buffer.of(0), text(name), text(value)])))

/** A string that is not Huffman-coded. */
function text(value: string): Buffer {
  const bytes = Buffer.from(value)
  const head: number[] = []
  if (bytes.length < 127) head.push(bytes.length)
  else {
    head.push(127)
    let rest = bytes.length - 127
    for (; rest >= 128; rest >>= 7) head.push((rest & 127) | 128)
    head.push(rest)
  }
  return Buffer.concat([Buffer.from(head), bytes])
}

/** The headers of a call; more of them, or other values, as `more` has them. */
export const grpcHeaders = (path: string, ...more: readonly (readonly [string, string])[]) =>
  [
    [':method', 'POST'],
    [':scheme', 'http'],
    [':path', path],
    [':authority', 'control-plane'],
    ['content-type', 'application/grpc'],
    ['te', 'trailers'],
    ...more,
  ] as const

/** A gRPC message with its prefix. */
export function grpcMessage(message: Uint8Array, compressed = false): Buffer {
  const prefix = Buffer.alloc(5)
  prefix[0] = compressed ? 1 : 0
  prefix.writeUInt32BE(message.length, 1)
  return Buffer.concat([prefix, message])
}

export interface Peer {
  readonly socket: Socket
  /** All that came so far. */
  readonly received: () => Buffer
  /** Settles when the connection is gone. */
  readonly gone: Promise<void>
}

let dialed = 0

/** Dials from one of many addresses, so that closed connections do not use up the ports of one. */
export async function dial({ host, port }: { readonly host: string; readonly port: number }): Promise<Peer> {
  dialed += 1
  const socket = connect({ host, port, localAddress: `127.0.${1 + (dialed % 250)}.1` })
  const chunks: Buffer[] = []
  const gone = new Promise<void>((resolve) => socket.once('close', () => resolve()))
  socket.on('error', () => undefined)
  socket.on('data', (chunk: Buffer) => chunks.push(chunk))
  // Refused or reset is gone too.
  await Promise.race([once(socket, 'connect').catch(() => undefined), gone])
  return { socket, gone, received: () => Buffer.concat(chunks) }
}

/** Frames of a kind among what a server sent. */
export function framesOf(received: Buffer, type: number): Buffer[] {
  const found: Buffer[] = []
  for (let at = 0; at + 9 <= received.length;) {
    const length = received.readUIntBE(at, 3)
    if (received[at + 3] === type) found.push(received.subarray(at + 9, at + 9 + length))
    at += 9 + length
  }
  return found
}
