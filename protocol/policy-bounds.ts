/**
 * What a caller may change of a command's policy. Whatever its author declared is a bound: a caller may ask for less time,
 * fewer runs and longer pauses between them, never for more. What was not declared is the caller's to choose.
 */
import { formatDuration } from './format-duration.js'
import type { Policy } from './policy.js'

const isTooMuch = (asked: number | undefined, bound: number | undefined): boolean =>
  asked !== undefined && bound !== undefined && asked > bound

/** What of the caller's policy is wider than the command's allows: field, value and bound of each, in words. */
export function beyondBounds(command: Policy, caller: Policy): string[] {
  const problems: string[] = []
  for (const field of ['timeout', 'queueTimeout', 'deadline', 'heartbeatTimeout'] as const) {
    const [asked, bound] = [caller[field], command[field]]
    if (isTooMuch(asked, bound)) problems.push(`${field}: ${durations(asked, 'longer than', 'at most', bound)}`)
  }
  if (command.atMostOnce === true && caller.atMostOnce === false) {
    problems.push('atMostOnce: false is less than the command demands, which is true')
  }
  return [...problems, ...beyondRetry(command, caller)]
}

function beyondRetry({ retry: declared = {}, atMostOnce }: Policy, { retry: asked = {} }: Policy): string[] {
  const problems: string[] = []
  const maxAttempts = atMostOnce === true ? 1 : declared.maxAttempts
  if (isTooMuch(asked.maxAttempts, maxAttempts)) {
    const why = atMostOnce === true ? ', since it is at-most-once' : ''
    problems.push(
      `retry.maxAttempts: ${asked.maxAttempts} is more than the command allows, at most ${maxAttempts}${why}`,
    )
  }
  // The longest pause cuts the first, too.
  const bounds = { ...declared, maxInterval: declared.maxInterval ?? declared.initialInterval }
  for (const field of ['initialInterval', 'maxInterval'] as const) {
    const [pause, bound] = [asked[field], bounds[field]]
    if (isTooMuch(bound, pause)) problems.push(`retry.${field}: ${durations(pause, 'shorter than', 'at least', bound)}`)
  }
  if (isTooMuch(declared.backoffCoefficient, asked.backoffCoefficient)) {
    problems.push(
      `retry.backoffCoefficient: ${asked.backoffCoefficient} is less than the command allows, at least ${declared.backoffCoefficient}`,
    )
  }
  return problems
}

function durations(askedMs = 0, than: string, atMost: string, boundMs = 0): string {
  const isRoundedAway = formatDuration(askedMs) === formatDuration(boundMs)
  const text = (timeMs: number): string => (isRoundedAway ? `${timeMs}ms` : formatDuration(timeMs))
  return `${text(askedMs)} is ${than} the command allows, ${atMost} ${text(boundMs)}`
}
