/** How long an attempt took, as its agent tells it. Needs no package: workflow code reads it. */
import { isPlainObject } from './json.js'

export interface AttemptTimes {
  /** For an agent, by Temporal's clock. */
  readonly queuedMs: number
  /** From when the agent had it until it reported, by the agent's clock. */
  readonly runMs: number
}

/** Of a result's payload: an entry of its metadata, as JSON text. A failure has them in its second detail, as `times`. */
export const TIMES_METADATA = 'alien-times'

/** `undefined` for what is none: an agent may say anything. */
export function attemptTimes(said: unknown): AttemptTimes | undefined {
  if (!isPlainObject(said)) return undefined
  const { queuedMs, runMs } = said
  return isTime(queuedMs) && isTime(runMs) ? { queuedMs, runMs } : undefined
}

const isTime = (said: unknown): said is number => typeof said === 'number' && said >= 0 && said < Infinity
