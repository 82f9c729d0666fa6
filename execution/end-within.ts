import { setTimeout as delay } from 'node:timers/promises'
import type { HandlerRun, RunEnd } from './handler-run.js'

/** `deaf`: its handler goes on though it was told to stop. */
export type AttemptEnd = RunEnd | { readonly kind: 'deaf' }

/** For a run that was told to stop. */
export async function endWithin(timeMs: number, run: HandlerRun): Promise<AttemptEnd> {
  const enough = new AbortController()
  try {
    return await Promise.race([
      run.end,
      delay(timeMs, { kind: 'deaf' } as const, { ref: false, signal: enough.signal }),
    ])
  } finally {
    enough.abort()
  }
}
