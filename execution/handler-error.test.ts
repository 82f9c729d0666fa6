import { runInNewContext } from 'node:vm'
import { describe, expect, test } from 'vitest'
import type { HandlerError } from '../protocol/errors.js'
import { MAX_CHECKPOINT_BYTES, MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { RetryableError } from '../sdk/retryable-error.js'
import { commandFailed } from './handler-error.js'

const detailsOf = (thrown: unknown, exposeStack = false): HandlerError =>
  commandFailed('report', thrown, exposeStack).details as unknown as HandlerError

/** The attempt's checkpoint travels in the same failure. */
const MAX_BYTES = MAX_PAYLOAD_BYTES - MAX_CHECKPOINT_BYTES

class QuotaError extends Error {
  override readonly name = 'QuotaError'
  readonly code = 'E_QUOTA'
  readonly details = { used: 10, limit: 8, since: new Date(0) }
}

describe('an error', () => {
  test('arrives with its name, message, code and details', () => {
    const thrown = new QuotaError('over quota')
    const error = commandFailed('report', thrown, false)
    expect(error).toMatchObject({
      name: 'CommandError',
      code: 'command_failed',
      message: '"report" failed: QuotaError: over quota',
    })
    expect(error.cause).toBe(thrown)
    expect(error.details).toStrictEqual({
      name: 'QuotaError',
      message: 'over quota',
      code: 'E_QUOTA',
      details: { used: 10, limit: 8, since: '1970-01-01T00:00:00.000Z' },
    })
  })

  test('of no special kind is told without its kind', () => {
    const error = commandFailed('report', new Error('no'), false)
    expect(error.message).toBe('"report" failed: no')
    expect(error.details).toStrictEqual({ name: 'Error', message: 'no' })
  })

  test('keeps a code that is a number, and no code that is neither text nor number', () => {
    expect(detailsOf(Object.assign(new Error('no'), { code: 0 })).code).toBe(0)
    expect(detailsOf(Object.assign(new Error('no'), { code: { secret: 1 } }))).not.toHaveProperty('code')
  })

  test.each([null, false, 0, ''])('keeps details that are %j', (details) => {
    expect(detailsOf(Object.assign(new Error('no'), { details })).details).toBe(details)
  })

  test('loses details that are not JSON, and nothing else', () => {
    expect(detailsOf(Object.assign(new Error('no'), { code: 7, details: 3n }))).toStrictEqual({
      name: 'Error',
      message: 'no',
      code: 7,
    })
  })

  test('of another realm, or of a library with a base of its own, is one too', () => {
    expect(commandFailed('report', runInNewContext('new TypeError("not here")'), false).message).toBe(
      '"report" failed: TypeError: not here',
    )
    expect(commandFailed('report', { name: 'HttpError', message: 'gone', code: 410 }, false)).toMatchObject({
      message: '"report" failed: HttpError: gone',
      details: { name: 'HttpError', message: 'gone', code: 410 },
    })
  })

  test('with a name or a message that is no text arrives all the same', () => {
    const thrown = Object.assign(new Error(), { name: undefined, message: { reason: 'no' }, stack: 7 })
    expect(detailsOf(thrown, true)).toStrictEqual({ name: 'Error', message: '{"reason":"no"}' })
    expect(detailsOf(Object.assign(new Error(), { message: undefined })).message).toBe('null')
  })
})

describe('a RetryableError', () => {
  const thrown = new RetryableError('busy', { retryAfter: '30s', code: 'E_BUSY', details: 'x'.repeat(9_000) })

  test('says that it is one, and after what pause', () => {
    expect(detailsOf(thrown)).toMatchObject({
      name: 'RetryableError',
      message: 'busy',
      code: 'E_BUSY',
      retryable: true,
      retryAfterMs: 30_000,
    })
    expect(detailsOf(new RetryableError('busy'))).toStrictEqual({
      name: 'RetryableError',
      message: 'busy',
      retryable: true,
    })
  })

  test.each([
    [0, 0],
    [1_500, 1_500],
    ['2h', 7_200_000],
    ['1d', 86_400_000],
  ])('may ask for a pause of %j', (retryAfter, retryAfterMs) => {
    expect(detailsOf(new RetryableError('busy', { retryAfter }))).toMatchObject({ retryable: true, retryAfterMs })
  })

  test.each([-1, '-1s', '', 'soon', NaN, Infinity, '25h', 'Wed, 21 Oct 2026 07:28:00 GMT'])(
    'whose pause is %j is not run again, and says why',
    (retryAfter) => {
      const shown = typeof retryAfter === 'string' ? JSON.stringify(retryAfter) : String(retryAfter)
      expect(detailsOf(new RetryableError('busy', { retryAfter }))).toStrictEqual({
        name: 'RetryableError',
        message: `busy; it was not run again, for its retryAfter ${shown} must be a duration from 0ms to 1d, like "30s", "2h" or a number of milliseconds`,
      })
    },
  )

  test('may have a name of its own', () => {
    class Busy extends RetryableError {
      override readonly name = 'Busy'
    }
    expect(detailsOf(new Busy('no'))).toStrictEqual({ name: 'Busy', message: 'no', retryable: true })
  })

  test('says so in spite of the limit', () => {
    const { details } = commandFailed('report', thrown, false, 100)
    expect(details).toMatchObject({
      retryable: true,
      retryAfterMs: 30_000,
      details: expect.stringMatching(/^left out/) as string,
    })
  })

  test('is not what only looks like one', () => {
    expect(detailsOf(Object.assign(new Error('no'), { retryable: true, retryAfterMs: 1 }))).toStrictEqual({
      name: 'Error',
      message: 'no',
    })
  })
})

describe('the stack', () => {
  const thrown = new Error('no')

  test('goes along when the policy allows it', () => {
    expect(detailsOf(thrown, true).stack).toBe(thrown.stack)
    expect(thrown.stack).toContain('handler-error.test.ts')
  })

  test('stays at home otherwise', () => {
    expect(JSON.stringify(commandFailed('report', thrown, false))).not.toContain('handler-error.test.ts')
  })

  test('that is missing is not made up', () => {
    expect(detailsOf({ name: 'HttpError', message: 'gone' }, true)).not.toHaveProperty('stack')
  })
})

describe('what is no error', () => {
  test.each<[unknown, string, unknown]>([
    ['disk full', 'disk full', 'disk full'],
    [7, 'number', 7],
    [null, 'object', null],
    [{ reason: 'full' }, 'object', { reason: 'full' }],
    [['full'], 'object', ['full']],
    [{ name: 'HttpError' }, 'object', { name: 'HttpError' }],
  ])('%o is told by what it is, and is in the details', (thrown, what, details) => {
    const message = `the handler threw a value that is no error: ${what}`
    expect(commandFailed('report', thrown, false)).toMatchObject({
      code: 'command_failed',
      message: `"report" failed: ${message}`,
      details: { name: 'Error', message, details },
    })
  })

  test.each([undefined, 3n, () => 1, Symbol('s')])('%o has nothing that could be in the details', (thrown) => {
    expect(detailsOf(thrown)).toStrictEqual({
      name: 'Error',
      message: `the handler threw a value that is no error: ${typeof thrown}`,
    })
  })
})

describe('an error over the limit', () => {
  const bytesOf = (error: HandlerError): number =>
    Buffer.byteLength(JSON.stringify(error)) + Buffer.byteLength(JSON.stringify(error.message)) - 2

  const MESSAGE_BYTES = MAX_BYTES / 8

  test('loses its details and its stack, and says so', () => {
    const thrown = Object.assign(new Error('no'), { code: 'E', details: 'x'.repeat(MAX_BYTES) })
    const bytes = bytesOf({ name: 'Error', message: 'no', code: 'E', details: thrown.details })
    expect(detailsOf(thrown)).toStrictEqual({
      name: 'Error',
      message: 'no',
      code: 'E',
      details: `left out: the error was ${bytes} bytes of JSON, the limit is ${MAX_BYTES}`,
    })
    thrown.details = ''
    thrown.stack = 'x'.repeat(MAX_BYTES)
    expect(detailsOf(thrown, true)).not.toHaveProperty('stack')
    expect(detailsOf(thrown, false).details).toBe('')
  })

  test.each([
    [989, undefined],
    [990, 'left out: the error was nested more than 990 levels deep'],
  ])('of depth: with details %d levels deep', (levels, leftOut) => {
    const details = JSON.parse('['.repeat(levels) + ']'.repeat(levels)) as unknown
    const thrown = Object.assign(new RetryableError('no'), { details })
    expect(detailsOf(thrown)).toEqual({
      name: 'RetryableError',
      message: 'no',
      retryable: true,
      details: leftOut ?? details,
    })
  })

  test('at the limit loses nothing', () => {
    const around = bytesOf({ name: 'Error', message: 'no', details: '' })
    const thrown = Object.assign(new Error('no'), { details: 'x'.repeat(MAX_BYTES - around) })
    expect(detailsOf(thrown).details === thrown.details).toBe(true)
    thrown.details += 'x'
    expect(detailsOf(thrown).details).toMatch(/^left out: /)
  })

  test('keeps the beginning of its message, which counts twice', () => {
    const { message } = detailsOf(new Error('m'.repeat(MAX_BYTES / 2)))
    expect(message === `${'m'.repeat(MESSAGE_BYTES)}…`).toBe(true)
  })

  test.each([
    ['of escapes', '\u0001'.repeat(MAX_BYTES)],
    ['that is small but for its escapes', '\u0001'.repeat(MAX_BYTES / 8)],
    ['that begins with escapes', '\u0001'.repeat(MAX_BYTES / 8) + 'm'.repeat(MAX_BYTES)],
    ['of letters of three bytes', `a${'€'.repeat(MAX_BYTES)}`],
  ])('with a message %s is under it afterwards, and is text', (_, text) => {
    const thrown = Object.assign(new Error(text), { name: 'N'.repeat(10_000), code: 'C'.repeat(10_000) })
    const error = detailsOf(thrown)
    expect(bytesOf(error)).toBeLessThanOrEqual(MAX_BYTES)
    expect(error.message.includes('\uFFFD')).toBe(false)
    expect(text.startsWith(error.message.slice(0, -1))).toBe(true)
    expect(error.message).toMatch(/.…$/s)
    expect(error.name).toBe('N'.repeat(200))
    expect(error.code).toBe('C'.repeat(200))
  })

  test('keeps a code that is a number', () => {
    expect(detailsOf(Object.assign(new Error('m'.repeat(MAX_BYTES)), { code: 507 })).code).toBe(507)
  })
})

describe("an error under the limit of the customer's policy", () => {
  const details = (thrown: unknown, policyMaxBytes: number) =>
    commandFailed('report', thrown, false, policyMaxBytes).details as unknown as HandlerError

  test('may not carry out what a result may not', () => {
    const thrown = Object.assign(new Error('no'), { details: 'x'.repeat(10_000) })
    expect(details(thrown, 5_000).details).toMatch(/^left out: .*, the limit is 5000$/)
    expect(details(thrown, 20_000).details).toBe(thrown.details)
  })

  test('may always say what it is', () => {
    const message = 'no such table; '.repeat(10)
    expect(details(new Error(message), 1)).toEqual({ name: 'Error', message })
    expect(details(new Error('x'.repeat(10_000)), 1).message).toBe(`${'x'.repeat(512)}…`)
  })
})
