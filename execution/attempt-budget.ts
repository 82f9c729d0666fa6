import type { AttemptInput } from '../protocol/invocation.js'

/**
 * The attempt with the time that it has left once it is here: what it waited in Temporal's queue is gone. Says nothing of
 * what time it is anywhere.
 *
 * @param scheduleToCloseMs as it came, less what the gateway took from it for the wait
 */
export function afterWait(attempt: AttemptInput, scheduleToCloseMs: number): AttemptInput {
  const { budget, timeoutMs } = attempt
  if (budget === undefined) return attempt
  const waited = waitedMs(attempt, scheduleToCloseMs)
  const left = (timeMs: number): number => Math.max(timeMs - waited, 0)
  const remainingMs = budget.remainingMs === null ? null : left(budget.remainingMs)
  const shortest = Math.min(timeoutMs ?? Infinity, remainingMs ?? Infinity)
  return {
    ...attempt,
    timeoutMs: shortest === Infinity ? null : shortest,
    budget: {
      remainingMs,
      queueMs: left(budget.queueMs),
      waitedMs: (budget.waitedMs ?? 0) + waited,
      scheduleToCloseMs,
    },
  }
}

/** How long the attempt waited in Temporal's queue; 0 when nobody said. */
export const waitedMs = ({ budget }: AttemptInput, scheduleToCloseMs: number): number =>
  budget === undefined ? 0 : Math.max(budget.scheduleToCloseMs - scheduleToCloseMs, 0)
