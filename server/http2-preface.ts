/** Tells HTTP/2 from HTTP/1.1 by what a client sends first. */
import type { Socket } from 'node:net'

/** How every HTTP/2 connection begins; no method of HTTP/1.1 does. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n')
/** A client that says nothing is let go. */
const SILENCE_MS = 10_000

/**
 * Looks at the first bytes and puts them back. `tell` is not called for a connection that ends before it is known.
 *
 * It is told a turn later, when the stream is at rest: while it is still about to resume, Node's HTTP server pauses it in
 * vain, and what nobody reads of a request is all held in memory.
 */
export function startsHttp2(socket: Socket, tell: (isHttp2: boolean) => void): void {
  const chunks: Buffer[] = []
  const silence = setTimeout(() => socket.destroy(), SILENCE_MS)
  const decide = (isHttp2: boolean): void => {
    clearTimeout(silence)
    socket.off('readable', look)
    socket.unshift(Buffer.concat(chunks))
    setImmediate(() => {
      leave()
      if (!socket.destroyed) tell(isHttp2)
    })
  }
  const look = (): void => {
    for (let chunk = socket.read() as Buffer | null; chunk !== null; chunk = socket.read() as Buffer | null) {
      chunks.push(chunk)
    }
    const head = Buffer.concat(chunks).subarray(0, PREFACE.length)
    if (head.length === 0) return
    if (!PREFACE.subarray(0, head.length).equals(head)) decide(false)
    else if (head.length === PREFACE.length) decide(true)
  }
  const leave = (): void => {
    clearTimeout(silence)
    socket.off('readable', look).off('close', leave).off('end', end).off('error', end)
  }
  const end = (): void => {
    leave()
    socket.destroy()
  }
  socket.on('readable', look).on('close', leave).on('end', end).on('error', end)
}
