import { describe, expect, test } from 'vitest'
import { parseOverlapMs, parseTokenRequest } from './requests.js'

const API_KEY = { kind: 'api-key', name: 'ci', scopes: ['invoke'] }
const DAY_MS = 86_400_000

const refusal = (call: () => unknown): { code: string; message: string } => {
  try {
    call()
  } catch (error) {
    return error as { code: string; message: string }
  }
  throw new Error('nothing was thrown')
}

describe('a request for a token', () => {
  test('of an API key is for everything unless it is limited', () => {
    expect(parseTokenRequest(API_KEY)).toEqual({ ...API_KEY, deployments: ['*'], commands: ['*'] })
  })

  test('says how long it is good', () => {
    const { expires } = parseTokenRequest({ ...API_KEY, expires: '90d' })
    expect(Math.abs((expires?.getTime() ?? 0) - Date.now() - 90 * DAY_MS)).toBeLessThan(5_000)
  })

  test.each(['2090-01-31', '2090-01-31T12:00:00Z', '2090-01-31T12:00:00.000+02:00'])(
    'says until when: %s',
    (instant) => {
      const { expires } = parseTokenRequest({ kind: 'agent-token', deployment: 'acme', expires: instant })
      expect(Math.abs((expires?.getTime() ?? 0) - Date.parse(instant))).toBeLessThan(5_000)
    },
  )

  const expiry = (value: string) =>
    `bad token: expires: ${value} must be a duration up to 36500d, like "90d", or a time to come, like "2030-01-31T12:00:00Z"`

  test.each<[object, string]>([
    [{ expires: 0 }, expiry('0')],
    [{ expires: -5 }, expiry('-5')],
    [{ expires: 'soon' }, expiry('"soon"')],
    [{ expires: '2020-01-01T00:00:00Z' }, expiry('"2020-01-01T00:00:00Z"')],
    [{ expires: '2030-99-99' }, expiry('"2030-99-99"')],
    [{ expires: '36501d' }, expiry('"36501d"')],
    [
      { name: 'two\nlines' },
      'bad token: name: must start with a letter or a digit and have at most 100 letters, digits, spaces, or any of "._@:/+-"',
    ],
    [{ kind: 'root' }, `bad token: kind: Invalid discriminator value. Expected 'api-key' | 'agent-token'`],
    [{ token: 'mine' }, 'bad token: Unrecognized key: "token"'],
  ])('is refused with %j', (over, message) => {
    expect(refusal(() => parseTokenRequest({ ...API_KEY, ...over }))).toMatchObject({
      code: 'invalid_request',
      message,
    })
  })
})

describe('a rotation', () => {
  test.each([
    [undefined, 3_600_000],
    [{}, 3_600_000],
    [{ overlap: 0 }, 0],
    [{ overlap: '30m' }, 1_800_000],
    [{ overlap: '30d' }, 30 * DAY_MS],
  ])('%j overlaps for %d ms', (body, overlapMs) => {
    expect(parseOverlapMs(body)).toBe(overlapMs)
  })

  test.each(['31d', 'long', -1])('cannot overlap for %j', (overlap) => {
    expect(refusal(() => parseOverlapMs({ overlap }))).toMatchObject({
      code: 'invalid_request',
      message: `bad rotation: overlap: ${JSON.stringify(overlap)} must be a duration up to 30d, like "1h"; 0 for none`,
    })
  })
})
