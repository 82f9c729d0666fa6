import { CommandError } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { CommandDefinition } from '../sdk/command.js'
import { MAX_TIMER_MS } from './attempt-signal.js'

/** How long an attempt waits its turn at most. */
export interface TurnWait {
  /** Aborts when the attempt is, and with `unavailable` when its time for waiting is over. */
  readonly signal: AbortSignal
  /** When it began to wait for an agent, as `performance.now()` counts: its deliveries before this one included. */
  readonly sinceMs: number
  /** Until the overall deadline, what it waited here taken off; `Infinity` without one. */
  readonly leftMs: () => number
  readonly end: () => void
}

export function turnWait({ name }: CommandDefinition, { budget }: AttemptInput, aborted: AbortSignal): TurnWait {
  const remainingMs = budget?.remainingMs ?? Infinity
  const limitMs = Math.min(budget?.queueMs ?? Infinity, remainingMs)
  const sinceMs = performance.now()
  const over = new AbortController()
  const timer = setTimeout(() => over.abort(tooLong(name, limitMs)), Math.min(limitMs, MAX_TIMER_MS))
  return {
    sinceMs: sinceMs - (budget?.waitedMs ?? 0),
    signal: AbortSignal.any([aborted, over.signal]),
    leftMs: () => Math.max(remainingMs - (performance.now() - sinceMs), 0),
    end: () => clearTimeout(timer),
  }
}

const tooLong = (command: string, limitMs: number): CommandError =>
  new CommandError(
    'unavailable',
    `as many "${command}" as this agent runs at a time were running, and this one had no turn within ${formatDuration(limitMs)}; nothing ran`,
  )
