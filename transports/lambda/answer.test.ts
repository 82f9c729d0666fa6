/** What Lambda says of a function that broke down, as the caller is told it. */
import { expect, test } from 'vitest'
import { testEnvelope } from '../runtime/control-plane.testsuite.js'
import { answerOf } from './answer.js'

const envelope = testEnvelope('https://alien.example')

const answer = (payload: string, FunctionError?: string) => () =>
  answerOf(
    { Payload: Buffer.from(payload) as never, ...(FunctionError === undefined ? {} : { FunctionError }) },
    envelope,
    'function f',
  )

const thrownBy = (run: () => unknown): unknown => {
  try {
    return run()
  } catch (error) {
    return error
  }
}

test.each([
  [
    '{"errorType":"Sandbox.Timedout","errorMessage":"RequestId: 1 Error: Task timed out after 3.00 seconds"}',
    'timed_out',
    '"report" failed: RequestId: 1 Error: Task timed out after 3.00 seconds',
  ],
  ['{"errorMessage":"signal: killed"}', 'command_failed', '"report" failed: signal: killed'],
  ['', 'command_failed', '"report" failed: the function broke down'],
])('a function that broke down with %s is %s', (payload, code, message) => {
  expect(thrownBy(answer(payload, 'Unhandled'))).toMatchObject({ code, message })
})

test('an answer of no handler runtime says what to deploy', () => {
  expect(thrownBy(answer('"pong"'))).toMatchObject({
    code: 'invalid_result',
    message:
      'function f answered "report" with something that is no response of a handler runtime; deploy what "alien build --target lambda" makes',
    details: { leg: 'handler' },
  })
})
