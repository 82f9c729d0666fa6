/** A leg: one contract suite against one real server, or cloud. */
import { describe, test } from 'vitest'
import { SkippedLeg } from './tools.js'

/**
 * @param start What the leg needs; may throw {@link SkippedLeg}, which shows as a skipped test that says why.
 * @param define Declares the tests.
 */
export async function leg<T>(name: string, start: () => T | Promise<T>, define: (started: T) => void): Promise<void> {
  try {
    const started = await start()
    describe(name, () => define(started))
  } catch (error) {
    if (!(error instanceof SkippedLeg)) throw error
    describe(name, () => test.skip(`skipped: ${error.message}`, () => undefined))
  }
}

/** A variable that points a leg at a real cloud. @throws {SkippedLeg} when it is not set */
export function cloudVariable(name: string): string {
  const value = process.env[name]
  if (value === undefined || value === '') throw new SkippedLeg(`set ${name} to run it`)
  return value
}
