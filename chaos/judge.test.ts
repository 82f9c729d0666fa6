import { expect, test } from 'vitest'
import type { Invocation } from '../protocol/invocation.js'
import type { Effect } from './effects.js'
import { violationsOf } from './judge.js'
import type { Row } from './rows.js'
import type { Observation } from './trial.js'

const FAULT = { fromMs: 10_000, toMs: 40_000 }
const COMPLETED = 'workflowExecutionCompletedEventAttributes'
const FAILED = 'workflowExecutionFailedEventAttributes'

const invocation = (end: Partial<Invocation>): Invocation => ({
  id: 'inv_work-1',
  deployment: { id: 'dep_1', name: 'acme-corp' },
  command: 'work',
  status: 'succeeded',
  links: {},
  ...end,
})

const unknown = invocation({ status: 'failed', error: { code: 'outcome_unknown', message: 'lost' } })
const canceled = invocation({ status: 'canceled', error: { code: 'canceled', message: 'canceled' } })

const effects = (...all: Effect[]) => all.map((effect) => ({ effect, token: 'a' }))

/** A trial that went well, but for what is given. */
const trial = (seen: Partial<Observation> = {}): Observation => ({
  invocationId: 'inv_work-1',
  column: 'running',
  atMostOnce: false,
  wasNoted: false,
  verdict: undefined,
  lateVerdict: undefined,
  effects: effects('entered', 'returned'),
  invocation: invocation({ result: 'a' }),
  history: { ends: [COMPLETED], attempts: [{ startedAtMs: 9_000, endedAtMs: 41_000 }] },
  ...seen,
})

const failed = { ends: [FAILED], attempts: [] }

const violations = (seen: Partial<Observation>, agent: Row['agent'] = 'lives') =>
  violationsOf(trial(seen), { agent }, FAULT)

test.each<[string, Partial<Observation>, Row['agent']]>([
  ['a result', {}, 'lives'],
  [
    'a lost at-most-once run',
    { atMostOnce: true, invocation: unknown, history: failed, effects: effects('entered') },
    'dies',
  ],
  [
    'a second run after a death',
    { effects: effects('entered', 'entered', 'returned'), history: { ends: [COMPLETED], attempts: [] } },
    'dies',
  ],
  [
    'a cancel that stopped it',
    {
      verdict: 'stopped',
      lateVerdict: 'stopped',
      invocation: canceled,
      history: failed,
      effects: effects('entered', 'stopped'),
    },
    'lives',
  ],
  [
    'a cancel of the unknown that turned out to be late',
    { verdict: 'unknown', lateVerdict: 'finished_first' },
    'lives',
  ],
])('%s is well', (_, seen, agent) => {
  expect(violations(seen, agent)).toStrictEqual([])
})

test.each<[string, Partial<Observation>, Row['agent']]>([
  ['did not end', { invocation: undefined }, 'lives'],
  [`ended 2 times: ${COMPLETED}, ${FAILED}`, { history: { ends: [COMPLETED, FAILED], attempts: [] } }, 'lives'],
  [`is succeeded, and in Temporal ${FAILED}`, { history: failed }, 'lives'],
  ['succeeded with "b", which its handler did not return', { invocation: invocation({ result: 'b' }) }, 'lives'],
  [
    'is at-most-once and had its effect 2 times',
    {
      atMostOnce: true,
      effects: effects('entered', 'entered', 'returned'),
      history: { ends: [COMPLETED], attempts: [] },
    },
    'dies',
  ],
  ['had its effect 2 times in an agent that lived', { effects: effects('entered', 'entered', 'returned') }, 'lives'],
  [
    'was noted in the journal and ran 2 times',
    {
      wasNoted: true,
      effects: effects('entered', 'returned', 'entered'),
      history: { ends: [COMPLETED], attempts: [] },
    },
    'dies',
  ],
  ['was shown as running 30000 ms after its agent was gone', {}, 'away'],
  ['was shown as running 31000 ms after its agent was gone', {}, 'dies'],
  [
    'was canceled with the verdict stopped, later stopped, is canceled, and its handler had: entered, returned',
    { verdict: 'stopped', lateVerdict: 'stopped', invocation: canceled, history: failed },
    'lives',
  ],
  [
    'was canceled with the verdict not_started, later not_started, is canceled, and its handler had: entered',
    {
      verdict: 'not_started',
      lateVerdict: 'not_started',
      invocation: canceled,
      history: failed,
      effects: effects('entered'),
    },
    'lives',
  ],
  [
    'was canceled with the verdict finished_first, and later stopped',
    { verdict: 'finished_first', lateVerdict: 'stopped' },
    'lives',
  ],
  ['ended as outcome_unknown: lost', { invocation: unknown, history: failed }, 'dies'],
  [
    'ended as outcome_unknown: lost',
    { atMostOnce: true, wasNoted: true, invocation: unknown, history: failed },
    'dies',
  ],
  ['ended as outcome_unknown: lost', { atMostOnce: true, invocation: unknown, history: failed }, 'lives'],
])('%s', (violation, seen, agent) => {
  expect(violations(seen, agent)).toStrictEqual([violation])
})
