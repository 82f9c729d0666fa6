import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest'
import { MAX_PAYLOAD_BYTES, MAX_WAIT_MS } from '../../protocol/limits.js'
import { parseInvocationRequest, waitSchema } from './request.js'

const CALL = { deployment: 'acme-corp', command: 'generate-report' }
const ID = 'inv_generate-report_0123456789abcdef'

beforeEach(() => {
  vi.useFakeTimers({ now: new Date('2026-01-01T00:00:00Z'), toFake: ['Date'] })
})
afterEach(() => {
  vi.useRealTimers()
})

test('a call with nothing but a command has empty params, does not wait, and leaves the policy alone', () => {
  expect(parseInvocationRequest(CALL)).toStrictEqual({
    deployment: 'acme-corp',
    command: 'generate-report',
    params: {},
    paramsJson: '{}',
    id: undefined,
    idempotencyKey: undefined,
    waitMs: 0,
    failFast: false,
    policy: {},
    overdue: undefined,
  })
})

test('everything a call may say', () => {
  const { policy, ...rest } = parseInvocationRequest({
    ...CALL,
    params: [1, null],
    id: ID,
    wait: '30s',
    failFast: true,
    timeout: '30s',
    queueTimeout: 1_000,
    deadline: '1h',
    heartbeatTimeout: '5s',
    retry: { maxAttempts: 3, maxInterval: '1m' },
    atMostOnce: true,
  })
  expect(rest).toEqual({
    ...CALL,
    params: [1, null],
    paramsJson: '[1,null]',
    id: ID,
    idempotencyKey: undefined,
    waitMs: 30_000,
    failFast: true,
    overdue: undefined,
  })
  expect(policy).toStrictEqual({
    timeout: 30_000,
    queueTimeout: 1_000,
    deadline: 3_600_000,
    heartbeatTimeout: 5_000,
    retry: { maxAttempts: 3, maxInterval: 60_000 },
    atMostOnce: true,
  })
})

test.each([null, 0, false, '', [], 'text'])('params %j are what they are', (params) => {
  expect(parseInvocationRequest({ ...CALL, params }).params).toEqual(params)
})

test('params have one JSON form, in whatever order their keys come', () => {
  const { paramsJson } = parseInvocationRequest({ ...CALL, params: { b: [{ d: 1, c: 2 }], a: null } })
  expect(paramsJson).toBe('{"a":null,"b":[{"c":2,"d":1}]}')
})

test('params nested beyond what can be walked are refused', () => {
  const params: unknown = JSON.parse('['.repeat(200_000) + ']'.repeat(200_000))
  expect(() => parseInvocationRequest({ ...CALL, params })).toThrow(
    expect.objectContaining({
      code: 'invalid_request',
      message: 'the params of "generate-report" are nested too deeply; send them flatter',
    }),
  )
})

test('an idempotency key of up to 255 characters', () => {
  const idempotencyKey = 'k'.repeat(255)
  expect(parseInvocationRequest({ ...CALL, idempotencyKey })).toMatchObject({ idempotencyKey, id: undefined })
})

describe('the deadline', () => {
  test('may be an instant', () => {
    expect(parseInvocationRequest({ ...CALL, deadline: '2026-01-01T00:00:05.000Z' }).policy.deadline).toBe(5_000)
    expect(parseInvocationRequest({ ...CALL, deadline: '2026-01-01T02:00:00+01:00' }).policy.deadline).toBe(3_600_000)
  })

  test('may have passed by the time that the call is made again', () => {
    const overdue = '2025-12-31T23:59:59Z'
    expect(parseInvocationRequest({ ...CALL, deadline: overdue })).toMatchObject({ policy: { deadline: 1 }, overdue })
  })

  test('is bounded all the same', () => {
    expect(() => parseInvocationRequest({ ...CALL, deadline: '2028-01-01T00:00:00Z' })).toThrow(
      'bad invocation: deadline: 63072000000 must be a duration from 1ms to 365d, like "30s", "2h" or a number of milliseconds',
    )
  })
})

describe('the wait', () => {
  test.each([
    ['30s', 30_000],
    ['30000', 30_000],
    [30_000, 30_000],
    [0, 0],
    ['2m', MAX_WAIT_MS],
    [MAX_WAIT_MS + 1, MAX_WAIT_MS],
  ])('%j holds the request for %d ms', (wait, waitMs) => {
    expect(waitSchema.parse(wait)).toBe(waitMs)
    expect(parseInvocationRequest({ ...CALL, wait }).waitMs).toBe(waitMs)
  })
})

const noDuration = 'must be a duration from 1ms to 365d, like "30s", "2h" or a number of milliseconds'

const rules: readonly [body: unknown, message: string][] = [
  [undefined, 'bad invocation: Invalid input: expected object, received undefined'],
  [[], 'bad invocation: Invalid input: expected object, received array'],
  ['text', 'bad invocation: Invalid input: expected object, received string'],
  [
    {},
    'bad invocation: deployment: Invalid input: expected string, received undefined; command: Invalid input: expected string, received undefined',
  ],
  [{ ...CALL, deployment: '' }, 'bad invocation: deployment: Too small: expected string to have >=1 characters'],
  [{ ...CALL, command: '' }, 'bad invocation: command: Too small: expected string to have >=1 characters'],
  [
    { ...CALL, command: "x' OR '1" },
    `command name "x' OR '1" must start with a letter and have at most 100 letters, digits, ".", "_" or "-"`,
  ],
  [{ ...CALL, command: 'default' }, 'command name "default" is reserved; choose another'],
  [{ ...CALL, parms: {} }, 'bad invocation: Unrecognized key: "parms"; the nearest name is "params"'],
  [
    { ...CALL, exposeStack: true },
    "bad invocation: exposeStack: it is for the command's author to say, not for its caller",
  ],
  [{ ...CALL, id: 'x' }, 'invocation id "x" must be "inv_" and 16 to 180 letters, digits, ".", "_" or "-"'],
  [{ ...CALL, id: ID, idempotencyKey: 'order-7' }, 'give id or idempotencyKey, not both: the key decides on the id'],
  [
    { ...CALL, idempotencyKey: '' },
    'bad invocation: idempotencyKey: Too small: expected string to have >=1 characters',
  ],
  [
    { ...CALL, idempotencyKey: 'k'.repeat(256) },
    'bad invocation: idempotencyKey: Too big: expected string to have <=255 characters',
  ],
  [{ ...CALL, wait: 'long' }, 'bad invocation: wait: "long" must be a duration, like "30s" or 30000'],
  [{ ...CALL, wait: '' }, 'bad invocation: wait: "" must be a duration, like "30s" or 30000'],
  [{ ...CALL, wait: -1 }, 'bad invocation: wait: -1 must be a duration, like "30s" or 30000'],
  [{ ...CALL, timeout: '' }, `bad invocation: timeout: "" ${noDuration}`],
  [{ ...CALL, deadline: 'soon' }, `bad invocation: deadline: "soon" ${noDuration}`],
  [{ ...CALL, deadline: '2026-99-01T00:00:00Z' }, `bad invocation: deadline: "2026-99-01T00:00:00Z" ${noDuration}`],
  [{ ...CALL, retry: { maxAttempts: 0 } }, 'bad invocation: retry.maxAttempts: 0 must be a whole number from 1 to 100'],
]

test.each(rules)('%j: %s', (body, message) => {
  expect(() => parseInvocationRequest(body)).toThrow(
    expect.objectContaining({ name: 'CommandError', code: 'invalid_request', message }),
  )
})

test('params at the limit pass, and one byte more do not', () => {
  const atLimit = 'x'.repeat(MAX_PAYLOAD_BYTES - 2)
  expect(parseInvocationRequest({ ...CALL, params: atLimit }).params === atLimit).toBe(true)
  expect(() => parseInvocationRequest({ ...CALL, params: `${atLimit}x` })).toThrow(
    expect.objectContaining({
      name: 'CommandError',
      code: 'payload_too_large',
      message: `the params of "generate-report" are ${MAX_PAYLOAD_BYTES + 1} bytes of JSON, the limit is ${MAX_PAYLOAD_BYTES}; send less, or store them and send where they are`,
      details: { side: 'params', bytes: MAX_PAYLOAD_BYTES + 1, maxBytes: MAX_PAYLOAD_BYTES },
    }),
  )
})
