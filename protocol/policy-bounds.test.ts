import { expect, test } from 'vitest'
import { beyondBounds } from './policy-bounds.js'
import { policySchema, type PolicyInput } from './policy.js'

const problems = (command: PolicyInput, caller: PolicyInput): string[] =>
  beyondBounds(policySchema.parse(command), policySchema.parse(caller))

const DECLARED: PolicyInput = {
  timeout: '1h',
  queueTimeout: '10m',
  deadline: '2h',
  heartbeatTimeout: '20s',
  retry: { maxAttempts: 3, initialInterval: '10s', backoffCoefficient: 2, maxInterval: '1m' },
}

test('what is not declared is for the caller to choose', () => {
  expect(problems({}, { ...DECLARED, atMostOnce: true })).toEqual([])
  expect(problems({}, { atMostOnce: false })).toEqual([])
})

test('the bounds themselves are within bounds', () => {
  expect(problems(DECLARED, DECLARED)).toEqual([])
})

test.each<PolicyInput>([
  {},
  { timeout: '59m', queueTimeout: '1s', deadline: '1h', heartbeatTimeout: '2s', atMostOnce: true },
  { retry: { maxAttempts: 1, initialInterval: '11s', backoffCoefficient: 2.5, maxInterval: '2m' } },
  { retry: { nonRetryableCodes: ['E_DISK'] } },
])('a caller may ask for less: %j', (caller) => {
  expect(problems(DECLARED, caller)).toEqual([])
})

test.each<[PolicyInput, string]>([
  [{ timeout: '2h' }, 'timeout: 2h is longer than the command allows, at most 1h'],
  [{ timeout: 3_600_001 }, 'timeout: 3600001ms is longer than the command allows, at most 3600000ms'],
  [{ queueTimeout: '1d' }, 'queueTimeout: 1d is longer than the command allows, at most 10m'],
  [{ deadline: '3h' }, 'deadline: 3h is longer than the command allows, at most 2h'],
  [{ heartbeatTimeout: '21s' }, 'heartbeatTimeout: 21s is longer than the command allows, at most 20s'],
  [{ retry: { maxAttempts: 4 } }, 'retry.maxAttempts: 4 is more than the command allows, at most 3'],
  [{ retry: { initialInterval: 1 } }, 'retry.initialInterval: 1ms is shorter than the command allows, at least 10s'],
  [{ retry: { maxInterval: '59s' } }, 'retry.maxInterval: 59s is shorter than the command allows, at least 1m'],
  [{ retry: { backoffCoefficient: 1 } }, 'retry.backoffCoefficient: 1 is less than the command allows, at least 2'],
])('and not for more: %j', (caller, problem) => {
  expect(problems(DECLARED, caller)).toEqual([problem])
})

test('a longest pause that would cut the declared first one is too short', () => {
  expect(problems({ retry: { initialInterval: '10m' } }, { retry: { maxInterval: 1 } })).toEqual([
    'retry.maxInterval: 1ms is shorter than the command allows, at least 10m',
  ])
})

test('of an at-most-once command there is one run', () => {
  expect(problems({ atMostOnce: true }, { atMostOnce: false, retry: { maxAttempts: 2 } })).toEqual([
    'atMostOnce: false is less than the command demands, which is true',
    'retry.maxAttempts: 2 is more than the command allows, at most 1, since it is at-most-once',
  ])
  expect(problems({ atMostOnce: true }, { atMostOnce: true, retry: { maxAttempts: 1 } })).toEqual([])
})
