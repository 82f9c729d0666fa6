import type { Exchange } from './route.js'

/** Calls `leave` once nobody waits for the answer any more: the caller is gone, or we drain. Until it is disposed of. */
export function onLeave({ deps: { draining }, response }: Exchange, leave: () => void): Disposable {
  response.once('close', leave)
  draining.addEventListener('abort', leave, { once: true })
  if (draining.aborted || response.destroyed) leave()
  return {
    [Symbol.dispose]() {
      response.off('close', leave)
      draining.removeEventListener('abort', leave)
    },
  }
}

/** A request that is held until there is something to say. */
export interface Held extends Disposable {
  /** Aborts when it has been held long enough: its time is over, its caller is gone, or we drain. */
  readonly enough: AbortSignal
}

/** To be disposed of once the wait is over: an abort that nobody needs any more would cost more than the wait. */
export function holdFor(exchange: Exchange, timeMs: number): Held {
  const held = new AbortController()
  const enough = () => held.abort()
  const timer = setTimeout(enough, timeMs)
  const leaving = onLeave(exchange, enough)
  return {
    enough: held.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      leaving[Symbol.dispose]()
    },
  }
}
