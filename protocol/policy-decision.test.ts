import { expect, test } from 'vitest'
import type { CustomerPolicy } from './customer-policy.js'
import { NO_POLICY, refusalOf, refusedError, type JudgedCommand, type PolicyState } from './policy-decision.js'

const command = (changes: Partial<JudgedCommand> = {}): JudgedCommand => ({
  name: 'drop-tables',
  readOnly: false,
  paramsBytes: () => 100,
  ...changes,
})

const judge = (policy: CustomerPolicy, changes?: Partial<JudgedCommand>) =>
  refusalOf({ kind: 'policy', policy }, command(changes))

test.each<[CustomerPolicy, Partial<JudgedCommand>?]>([
  [{}],
  [{ deny: [] }],
  [{ deny: ['drop', 'drop-table', 'DROP-*'] }],
  [{ allow: ['x', 'drop-*'] }],
  [{ readOnly: true }, { readOnly: true }],
  [{ readOnly: false, killSwitch: false }],
  [{ maxParamsBytes: 100 }],
  [{ maxRunTime: 1, maxResultBytes: 1 }],
])('%j lets it run', (policy, changes) => {
  expect(judge(policy, changes)).toBeUndefined()
})

test('without a policy everything may run', () => {
  expect(refusalOf(NO_POLICY, command())).toBeUndefined()
})

const ALL: CustomerPolicy = { killSwitch: true, deny: ['*'], allow: [], readOnly: true, maxParamsBytes: 1 }

test.each<[CustomerPolicy, unknown]>([
  [ALL, { rule: 'killSwitch', because: 'its kill switch is on, and nothing may run' }],
  [
    { ...ALL, killSwitch: false },
    { rule: 'deny', pattern: '*', because: 'it matches deny pattern "*"' },
  ],
  [
    { deny: ['x', 'drop-*'], allow: ['drop-tables'] },
    { rule: 'deny', pattern: 'drop-*', because: 'it matches deny pattern "drop-*"' },
  ],
  [
    { ...ALL, killSwitch: false, deny: [] },
    { rule: 'allow', because: 'it matches no allow pattern' },
  ],
  [
    { readOnly: true, maxParamsBytes: 1 },
    { rule: 'readOnly', because: 'it is not declared read-only, and only commands that are may run' },
  ],
  [{ maxParamsBytes: 99 }, { rule: 'maxParamsBytes', because: 'its params are 100 bytes of JSON, the limit is 99' }],
])('%j refuses it by one rule', (policy, refusal) => {
  expect(judge(policy)).toEqual(refusal)
  expect(judge({ ...policy, reason: 'frozen' })).toEqual({ ...(refusal as object), reason: 'frozen' })
})

test('a file that cannot be read refuses it, whatever it is', () => {
  expect(refusalOf({ kind: 'unreadable' }, command({ readOnly: true }))).toEqual({
    rule: 'unreadable',
    because: 'its file cannot be read, and nothing may run until it is repaired',
  })
})

test('params are measured only where they are limited', () => {
  const paramsBytes = () => {
    throw new Error('measured')
  }
  expect(judge({ allow: ['*'] }, { paramsBytes })).toBeUndefined()
})

test.each<[PolicyState, string, unknown]>([
  [
    { kind: 'policy', policy: { deny: ['drop-*'], reason: 'ask the DBAs' } },
    'the customer\'s policy refused "drop-tables" on "acme-corp": it matches deny pattern "drop-*"; reason: ask the DBAs',
    { rule: 'deny', pattern: 'drop-*' },
  ],
  [
    { kind: 'policy', policy: { allow: [] } },
    'the customer\'s policy refused "drop-tables" on "acme-corp": it matches no allow pattern',
    { rule: 'allow' },
  ],
])('%j is told to the caller', (state, message, details) => {
  const refusal = refusalOf(state, command())
  expect(refusal && refusedError(refusal, 'drop-tables', 'acme-corp').toBody()).toEqual({
    code: 'refused',
    message,
    details,
  })
})
