import { describe, expect, test } from 'vitest'
import { describeIssues } from './issues.js'
import { policySchema, resolvePolicy, type Policy, type PolicyInput } from './policy.js'

const DEFAULTS = {
  timeoutMs: null,
  queueTimeoutMs: 3_600_000,
  deadlineMs: null,
  heartbeatTimeoutMs: 8_000,
  retry: {
    maxAttempts: 1,
    maxRetryableAttempts: 10,
    initialIntervalMs: 1_000,
    backoffCoefficient: 2,
    maxIntervalMs: 100_000,
    nonRetryableCodes: [],
  },
  atMostOnce: false,
  exposeStack: false,
}

const EVERYTHING: PolicyInput = {
  timeout: '30s',
  queueTimeout: '5m',
  deadline: '1h',
  heartbeatTimeout: '10s',
  retry: {
    maxAttempts: 5,
    initialInterval: '2s',
    backoffCoefficient: 3,
    maxInterval: '1m',
    nonRetryableCodes: ['E_DISK'],
  },
  atMostOnce: true,
  exposeStack: true,
}

describe('policySchema', () => {
  test('turns durations into milliseconds', () => {
    expect(policySchema.parse(EVERYTHING)).toEqual({
      timeout: 30_000,
      queueTimeout: 300_000,
      deadline: 3_600_000,
      heartbeatTimeout: 10_000,
      retry: {
        maxAttempts: 5,
        initialInterval: 2_000,
        backoffCoefficient: 3,
        maxInterval: 60_000,
        nonRetryableCodes: ['E_DISK'],
      },
      atMostOnce: true,
      exposeStack: true,
    })
  })

  test('adds nothing that was not written', () => {
    expect(policySchema.parse({})).toStrictEqual({})
  })

  test.each<PolicyInput>([
    { timeout: 1 },
    { timeout: '365d' },
    { queueTimeout: '30d' },
    { deadline: '365d' },
    { heartbeatTimeout: '2s' },
    { retry: { maxAttempts: 100, initialInterval: 1, backoffCoefficient: 10, maxInterval: '1d' } },
  ])('takes the bounds themselves: %j', (policy) => {
    expect(policySchema.safeParse(policy).success).toBe(true)
  })

  const like = 'like "30s", "2h" or a number of milliseconds'
  const rules: readonly [policy: unknown, message: string][] = [
    [{ timeout: 0 }, `timeout: 0 must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: '366d' }, `timeout: "366d" must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: '' }, `timeout: "" must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: 'soon' }, `timeout: "soon" must be a duration from 1ms to 365d, ${like}`],
    [{ queueTimeout: '31d' }, `queueTimeout: "31d" must be a duration from 1ms to 30d, ${like}`],
    [{ deadline: '-1s' }, `deadline: "-1s" must be a duration from 1ms to 365d, ${like}`],
    [{ heartbeatTimeout: '1s' }, `heartbeatTimeout: "1s" must be a duration from 2s to 1d, ${like}`],
    [{ retry: { initialInterval: '25h' } }, `retry.initialInterval: "25h" must be a duration from 1ms to 1d, ${like}`],
    [
      { retry: { initialInterval: '10m', maxInterval: '1m' } },
      'retry.initialInterval: the first pause must not be longer than maxInterval, the longest',
    ],
    [{ retry: { maxInterval: 0 } }, `retry.maxInterval: 0 must be a duration from 1ms to 1d, ${like}`],
    [{ retry: { maxAttempts: 0 } }, 'retry.maxAttempts: 0 must be a whole number from 1 to 100'],
    [{ retry: { maxAttempts: 101 } }, 'retry.maxAttempts: 101 must be a whole number from 1 to 100'],
    [{ retry: { maxAttempts: 1.5 } }, 'retry.maxAttempts: 1.5 must be a whole number from 1 to 100'],
    [{ retry: { backoffCoefficient: 0.5 } }, 'retry.backoffCoefficient: 0.5 must be a number from 1 to 10'],
    [{ retry: { backoffCoefficient: 11 } }, 'retry.backoffCoefficient: 11 must be a number from 1 to 10'],
    [
      { retry: { nonRetryableCodes: ['x'.repeat(201)] } },
      'retry.nonRetryableCodes.0: Too big: expected string to have <=200 characters',
    ],
    [
      { retry: { nonRetryableCodes: Array.from({ length: 101 }, () => 'x') } },
      'retry.nonRetryableCodes: Too big: expected array to have <=100 items',
    ],
    [{ retry: { maxAttempts: '3' } }, 'retry.maxAttempts: "3" must be a whole number from 1 to 100'],
    [{ retry: { backoffCoefficient: NaN } }, 'retry.backoffCoefficient: NaN must be a number from 1 to 10'],
    [{ concurrency: 0 }, 'concurrency: 0 must be a whole number from 1 to 100'],
    [{ concurrency: 101 }, 'concurrency: 101 must be a whole number from 1 to 100'],
    [{ concurrency: 2.5 }, 'concurrency: 2.5 must be a whole number from 1 to 100'],
    [{ retry: { attempts: 3 } }, 'retry: Unrecognized key: "attempts"; the nearest name is "maxAttempts"'],
    [{ timout: '30s' }, 'Unrecognized key: "timout"; the nearest name is "timeout"'],
    [{ retrys: 3, x: 1 }, 'Unrecognized keys: "retrys", "x"; the nearest name is "retry"'],
    [{ deadlines: 3, time: 1 }, 'Unrecognized keys: "deadlines", "time"; the nearest names are "deadline", "timeout"'],
    [{ heartbeat_interval: 3 }, 'Unrecognized key: "heartbeat_interval"'],
    [{ timeout: true }, `timeout: true must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: null }, `timeout: null must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: -1 }, `timeout: -1 must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: NaN }, `timeout: NaN must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: 1e308 }, `timeout: 1e+308 must be a duration from 1ms to 365d, ${like}`],
    [{ timeout: '9'.repeat(99) }, `timeout: "${'9'.repeat(59)} must be a duration from 1ms to 365d, ${like}`],
    [{ atMostOnce: 'yes' }, 'atMostOnce: "yes" must be true or false'],
    [{ exposeStack: 1 }, 'exposeStack: 1 must be true or false'],
  ]

  test.each(rules)('%j: %s', (policy, message) => {
    const { error } = policySchema.safeParse(policy)
    expect(error && describeIssues(error)).toBe(message)
  })
})

describe('resolvePolicy', () => {
  test('fills in every default', () => {
    expect(resolvePolicy({}, {})).toEqual(DEFAULTS)
  })

  test("takes the command's own policy, name by name", () => {
    expect(resolvePolicy(policySchema.parse(EVERYTHING), {})).toEqual({
      timeoutMs: 30_000,
      queueTimeoutMs: 300_000,
      deadlineMs: 3_600_000,
      heartbeatTimeoutMs: 10_000,
      retry: {
        maxAttempts: 5,
        maxRetryableAttempts: 5,
        initialIntervalMs: 2_000,
        backoffCoefficient: 3,
        maxIntervalMs: 60_000,
        nonRetryableCodes: ['E_DISK'],
      },
      atMostOnce: true,
      exposeStack: true,
    })
  })

  test('the caller goes before the command', () => {
    const caller = policySchema.parse({
      timeout: 1_000,
      queueTimeout: 2_000,
      deadline: 3_000,
      heartbeatTimeout: 4_000,
      retry: { maxAttempts: 2 },
    })
    expect(resolvePolicy(policySchema.parse(EVERYTHING), caller)).toMatchObject({
      timeoutMs: 1_000,
      queueTimeoutMs: 2_000,
      deadlineMs: 3_000,
      heartbeatTimeoutMs: 4_000,
    })
  })

  test('a first pause that is longer than the longest by default is the longest', () => {
    expect(resolvePolicy({ retry: { initialInterval: 600_000 } }, {}).retry).toMatchObject({ maxIntervalMs: 600_000 })
  })

  test('retry is merged setting by setting', () => {
    const { retry } = resolvePolicy(
      { retry: { maxAttempts: 5, initialInterval: 2_000, nonRetryableCodes: ['E_DISK'] } },
      { retry: { maxAttempts: 2, maxInterval: 9_000, nonRetryableCodes: ['E_NET', 'E_DISK'] } },
    )
    expect(retry).toEqual({
      maxAttempts: 2,
      maxRetryableAttempts: 2,
      initialIntervalMs: 2_000,
      backoffCoefficient: 2,
      maxIntervalMs: 9_000,
      // What the command calls final stays so.
      nonRetryableCodes: ['E_DISK', 'E_NET'],
    })
  })

  const queueTimeouts: readonly [what: string, command: Policy, caller: Policy, expectedMs: number][] = [
    ['an hour when nobody says', {}, {}, 3_600_000],
    ["the command's", { queueTimeout: 5_000 }, {}, 5_000],
    ["the caller's", { queueTimeout: 9_000 }, { queueTimeout: 5_000 }, 5_000],
    ["the caller's, longer than its time-out", {}, { queueTimeout: 9_000, timeout: 1_000 }, 9_000],
    ["the caller's time-out when that is all it says", {}, { timeout: 1_000 }, 1_000],
    ["the shorter of the command's and the caller's time-out", { queueTimeout: 5_000 }, { timeout: 1_000 }, 1_000],
    ["the shorter of the caller's time-out and the command's", { queueTimeout: 5_000 }, { timeout: 7_000 }, 5_000],
    ['an hour when only the command has a time-out', { timeout: 1_000 }, {}, 3_600_000],
  ]

  test.each(queueTimeouts)('the wait for an agent is %s', (_, command, caller, expectedMs) => {
    expect(resolvePolicy(command, caller).queueTimeoutMs).toBe(expectedMs)
  })

  test.each<[Policy, Policy, boolean]>([
    [{ atMostOnce: true }, { atMostOnce: false }, true],
    [{ atMostOnce: false }, { atMostOnce: true }, true],
    [{ atMostOnce: false }, { atMostOnce: false }, false],
  ])('at-most-once is whatever either side asks for: %j, %j', (command, caller, expected) => {
    expect(resolvePolicy(command, caller).atMostOnce).toBe(expected)
  })

  test.each<[Policy, Policy, boolean]>([
    [{}, { exposeStack: true }, false],
    [{ exposeStack: true }, { exposeStack: false }, true],
  ])('only the command decides on stacks: %j, %j', (command, caller, expected) => {
    expect(resolvePolicy(command, caller).exposeStack).toBe(expected)
  })
})
