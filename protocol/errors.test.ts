import { describe, expect, test } from 'vitest'
import { CommandError, ERROR_CODES, isErrorCode, type ErrorBody, type ErrorCode } from './errors.js'

describe('the table', () => {
  test('is closed: code, HTTP status, exit code and retry of each', () => {
    const rows = Object.entries(ERROR_CODES).map(([code, trait]) => [
      code,
      trait.httpStatus,
      trait.exitCode,
      trait.retryable,
    ])
    expect(rows).toEqual([
      ['invalid_request', 400, 2, false],
      ['invalid_params', 400, 2, false],
      ['unauthenticated', 401, 7, false],
      ['permission_denied', 403, 7, false],
      ['deployment_not_found', 404, 2, false],
      ['invocation_not_found', 404, 2, false],
      ['command_not_found', 404, 2, false],
      ['token_not_found', 404, 2, false],
      ['conflict', 409, 2, false],
      ['payload_too_large', 413, 2, false],
      ['rate_limited', 429, 8, true],
      ['unavailable', 503, 8, true],
      ['command_failed', 200, 1, 'policy'],
      ['invalid_result', 200, 1, false],
      ['deployment_offline', 409, 3, true],
      ['delivery_failed', 200, 3, false],
      ['refused', 200, 7, false],
      ['timed_out', 200, 4, 'policy'],
      ['outcome_unknown', 200, 6, false],
      ['canceled', 200, 5, false],
      ['internal', 500, 70, true],
    ])
  })

  test.each(Object.entries(ERROR_CODES))('%s has an exit code that a shell can tell from success', (_, trait) => {
    expect(trait.exitCode).toBeGreaterThan(0)
    expect(trait.exitCode).toBeLessThan(126)
    expect(trait.meaning).toMatch(/^[a-z]/)
  })
})

test('isErrorCode knows the table and nothing that objects inherit', () => {
  expect(isErrorCode('command_failed')).toBe(true)
  for (const value of ['', 'COMMAND_FAILED', 'toString', '__proto__', 7, null, undefined, ['conflict']]) {
    expect(isErrorCode(value)).toBe(false)
  }
})

describe('CommandError', () => {
  test('is an Error with its code, details, request id and cause', () => {
    const cause = new Error('socket closed')
    const error = new CommandError('unavailable', 'gone', { details: { tries: 3 }, requestId: 'req_1', cause })
    expect(error).toBeInstanceOf(Error)
    expect(error).toMatchObject({
      name: 'CommandError',
      code: 'unavailable',
      message: 'gone',
      details: { tries: 3 },
      requestId: 'req_1',
    })
    expect(error.cause).toBe(cause)
    expect(String(error)).toBe('CommandError: gone')
  })

  test('without a cause has no such property', () => {
    expect(Object.hasOwn(new CommandError('conflict', 'taken'), 'cause')).toBe(false)
  })

  test.each(Object.keys(ERROR_CODES) as ErrorCode[])('%s comes back from its JSON as it was', (code) => {
    const error = new CommandError(code, 'why', { details: [1, { nearest: ['a'] }], requestId: 'req_1' })
    const again = CommandError.fromBody(JSON.parse(JSON.stringify(error)) as ErrorBody)
    expect(again.toBody()).toEqual({ code, message: 'why', details: [1, { nearest: ['a'] }], requestId: 'req_1' })
    expect(again).toBeInstanceOf(CommandError)
  })

  test('its JSON leaves out what it does not have, and keeps details that are falsy', () => {
    expect(new CommandError('conflict', 'taken').toBody()).toStrictEqual({ code: 'conflict', message: 'taken' })
    const falsy = [null, 0, false, ''].map((details) => new CommandError('conflict', 'taken', { details }).toBody())
    expect(falsy.map(({ details }) => details)).toEqual([null, 0, false, ''])
  })
})

describe('CommandError.from', () => {
  test('leaves one as it is', () => {
    const error = new CommandError('canceled', 'stopped')
    expect(CommandError.from(error)).toBe(error)
  })

  test.each<[unknown, string]>([
    [new TypeError('x is not a function'), 'x is not a function'],
    ['thrown text', 'thrown text'],
    [undefined, 'undefined'],
  ])('makes %o internal, and keeps it as the cause', (thrown, message) => {
    const error = CommandError.from(thrown)
    expect(error).toMatchObject({ code: 'internal', message })
    expect(error.cause).toBe(thrown)
  })
})
