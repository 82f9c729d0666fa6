import type { Exchange } from './route.js'

/** A request that is held until there is something to say. */
export interface Held extends Disposable {
  /** Aborts when it has been held long enough: its time is over, its caller is gone, or we drain. */
  readonly enough: AbortSignal
}

/** To be disposed of once the wait is over: an abort that nobody needs any more would cost more than the wait. */
export function holdFor({ deps: { draining }, response }: Exchange, timeMs: number): Held {
  const held = new AbortController()
  const enough = () => held.abort()
  const timer = setTimeout(enough, timeMs)
  response.once('close', enough)
  draining.addEventListener('abort', enough, { once: true })
  if (draining.aborted || response.destroyed) enough()
  return {
    enough: held.signal,
    [Symbol.dispose]() {
      clearTimeout(timer)
      response.off('close', enough)
      draining.removeEventListener('abort', enough)
    },
  }
}
