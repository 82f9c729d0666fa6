/** Waits for what another process does, where it sends no event: looks again and again, up to a bound. */
import { setTimeout as delay } from 'node:timers/promises'

const LOOK_AGAIN_MS = 20

/**
 * The first value of `look` that is not `undefined`.
 *
 * @param pauseMs longer than by default for a look that starts a process, which takes the time of what is awaited
 * @throws {Error} saying what was awaited
 */
export async function eventually<T>(
  what: string,
  look: () => T | undefined | Promise<T | undefined>,
  withinMs = 30_000,
  pauseMs = LOOK_AGAIN_MS,
): Promise<T> {
  const endMs = Date.now() + withinMs
  while (Date.now() < endMs) {
    const value = await look()
    if (value !== undefined) return value
    await delay(pauseMs)
  }
  throw new Error(`${what}: not within ${withinMs} ms`)
}
