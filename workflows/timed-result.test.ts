import { expect, test } from 'vitest'
import { TIMES_METADATA } from '../protocol/attempt-times.js'
import { payloadConverter, TimedResult } from './timed-result.js'

const payload = (value: unknown, times?: string) => ({
  metadata: {
    encoding: Buffer.from('json/plain'),
    ...(times === undefined ? {} : { [TIMES_METADATA]: Buffer.from(times) }),
  },
  data: Buffer.from(JSON.stringify(value)),
})

test('a result has the times that were noted beside it', () => {
  expect(payloadConverter.fromPayload(payload({ rows: 3 }, '{"queuedMs":12,"runMs":0.5}'))).toStrictEqual(
    new TimedResult({ rows: 3 }, { queuedMs: 12, runMs: 0.5 }),
  )
})

test('one of an agent that notes none is what it was', () => {
  expect(payloadConverter.fromPayload(payload({ rows: 3 }))).toStrictEqual({ rows: 3 })
  expect(payloadConverter.fromPayload({ metadata: { encoding: Buffer.from('binary/null') } })).toBeUndefined()
})

test.each([
  'no JSON',
  'null',
  '[]',
  '{"queuedMs":12}',
  '{"queuedMs":"12","runMs":1}',
  '{"queuedMs":-1,"runMs":1}',
  '{"queuedMs":1e999,"runMs":1}',
])('times that are %s take nothing from the result', (times) => {
  expect(payloadConverter.fromPayload(payload('it', times))).toStrictEqual(new TimedResult('it', undefined))
})
