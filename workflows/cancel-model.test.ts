/**
 * Every course that an invocation can take in four deliveries, canceled in the last of them, beside a model that keeps
 * account of handlers instead of counting outcomes: no verdict says more than is known, nor less.
 */
import { expect, test } from 'vitest'
import type { CancelVerdict } from '../protocol/cancel.js'
import { afterCancel } from './after-cancel.js'
import {
  counted,
  nextStep,
  NOTHING_YET,
  type AttemptCount,
  type AttemptOutcome,
  type CanceledOutcome,
} from './attempt.js'
import { testInput } from './test-input.testsuite.js'

const input = testInput()
const failed = (code: 'command_failed' | 'timed_out') => ({ kind: 'failed', error: { code, message: code } }) as const

type Earlier = Exclude<AttemptOutcome, CanceledOutcome>
const OUTCOMES: readonly Earlier[] = [
  { kind: 'succeeded', result: 1 },
  failed('command_failed'),
  failed('timed_out'),
  { kind: 'timed_out' },
  { kind: 'not_taken' },
  { kind: 'not_delivered' },
  { kind: 'not_begun', error: { code: 'unavailable', message: 'full' } },
  { kind: 'lost' },
  { kind: 'lost', ended: true },
]
const LAST: readonly AttemptOutcome[] = [
  ...OUTCOMES,
  { kind: 'not_started' },
  { kind: 'not_stopped' },
  ...[undefined, 2, 3, 4].map((attempts) => ({ kind: 'stopped', attempts }) as const),
]

/** What is known of the handlers. */
interface Known {
  readonly hasRun: boolean
  /** Runs whose handler may go on somewhere, one for each delivery of which nothing more was heard. */
  readonly mayGoOn: readonly number[]
  readonly run: number
}

const NO_NEWS: ReadonlySet<string> = new Set(['not_taken', 'not_delivered', 'not_begun', 'not_started'])

function learn({ hasRun, mayGoOn, run }: Known, outcome: AttemptOutcome): Known {
  if (NO_NEWS.has(outcome.kind)) return { hasRun, mayGoOn, run }
  const isOver = outcome.kind === 'timed_out' || (outcome.kind === 'failed' && outcome.error.code === 'timed_out')
  if (isOver) return { hasRun: true, mayGoOn: [...mayGoOn, run], run: run + 1 }
  if (outcome.kind === 'failed') return { hasRun: true, mayGoOn, run: run + 1 }
  if (outcome.kind === 'lost' && outcome.ended !== true) return { hasRun: true, mayGoOn: [...mayGoOn, run], run }
  if (outcome.kind !== 'stopped') return { hasRun: true, mayGoOn, run }
  // Whoever stopped it had so many deliveries of this run: all that are astray are its own, or others had some.
  const astray = mayGoOn.filter((one) => one === run).length
  const hadAll = (outcome.attempts ?? 1) > astray
  return { hasRun: true, mayGoOn: hadAll ? mayGoOn.filter((one) => one !== run) : mayGoOn, run }
}

/** What an honest answer is. `error`: an error was first, unless it would have been tried again. */
function verdictOf(outcome: AttemptOutcome, { hasRun, mayGoOn }: Known, isTriedAgain: boolean): CancelVerdict {
  if (outcome.kind === 'succeeded') return 'finished_first'
  if (outcome.kind === 'failed' && !isTriedAgain)
    return outcome.error.code === 'timed_out' ? 'unknown' : 'finished_first'
  if (outcome.kind === 'lost' || outcome.kind === 'timed_out' || outcome.kind === 'not_stopped') return 'unknown'
  if (mayGoOn.length > 0) return 'unknown'
  return hasRun ? 'stopped' : 'not_started'
}

test('verdicts are what is known, after every course', () => {
  let courses = 0
  const walk = (course: readonly string[], count: AttemptCount, known: Known): void => {
    for (const outcome of LAST) {
      const after = counted(count, outcome)
      const learned = learn(known, outcome)
      const isTriedAgain =
        outcome.kind === 'failed' && nextStep(input, outcome, after, Infinity).kind === 'deliver_again'
      const { verdict } = afterCancel(input, {}, outcome, after, Infinity)
      const name = [...course, JSON.stringify(outcome)].join(', ')
      expect(`${name}: ${verdict}`).toBe(`${name}: ${verdictOf(outcome, learned, isTriedAgain)}`)
      courses += 1
    }
    if (course.length === 3) return
    for (const outcome of OUTCOMES) {
      const after = counted(count, outcome)
      if (nextStep(input, outcome, after, Infinity).kind !== 'deliver_again') continue
      walk([...course, JSON.stringify(outcome)], after, learn(known, outcome))
    }
  }
  walk([], NOTHING_YET, { hasRun: false, mayGoOn: [], run: 1 })
  expect(courses).toBeGreaterThan(3_000)
})
