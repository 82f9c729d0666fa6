/** Commands that are pushed: what the service answers, with or without the function's own answer. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, test } from 'vitest'
import {
  ARN,
  failure,
  heartbeat,
  lambda,
  nthInvoked,
  report,
  stack,
  start,
  usePushStack,
} from './support/push-stack.js'

usePushStack()

describe('waited for', () => {
  const answered = (body: unknown) => {
    lambda.answer = ({ envelope }) => ({
      status: 200,
      body: { attempt: envelope.attempt.attempt, ...(body as object) },
    })
  }

  test('the answer is the outcome', async () => {
    answered({ status: 'succeeded', result: { rowCount: 3 } })
    expect(await stack.client('request-response').invoke('generate-report')).toEqual({ rowCount: 3 })
    expect(lambda.invoked[0]?.type).toBe('RequestResponse')
    expect(lambda.invoked[0]?.envelope.response.isReturned).toBe(true)
  })

  test('the trace of the caller goes along, though nobody traces here', async () => {
    answered({ status: 'succeeded', result: null })
    const { url, token } = stack.state
    const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01'
    await fetch(`${url}/v1/invocations`, {
      method: 'POST',
      headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', traceparent, tracestate: 'a=1' },
      body: JSON.stringify({ deployment: 'request-response', command: 'generate-report', wait: '30s' }),
    })
    expect(lambda.invoked[0]?.envelope.trace).toStrictEqual({ traceparent, tracestate: 'a=1' })
  })

  test('an error of the handler too', async () => {
    answered({ status: 'failed', error: { code: 'invalid_params', message: 'no' } })
    const handle = await start({}, {}, 'request-response')
    expect(await failure(handle)).toMatchObject({ code: 'invalid_params', message: 'no' })
  })

  test('a function that broke down', async () => {
    lambda.answer = () => ({
      status: 200,
      functionError: 'Unhandled',
      body: { errorType: 'Runtime.ExitError', errorMessage: 'Runtime exited with error: signal: killed' },
    })
    expect(await failure(await start({}, {}, 'request-response'))).toMatchObject({
      code: 'command_failed',
      message: '"generate-report" failed: Runtime exited with error: signal: killed',
    })
  })

  test('a function that broke down with more words than Temporal takes', async () => {
    const errorMessage = 'm'.repeat(3_000_000)
    lambda.answer = () => ({ status: 200, functionError: 'Unhandled', body: { errorType: 'E', errorMessage } })
    const failed = await failure(await start({}, {}, 'request-response'))
    const message = `${'m'.repeat(10_000)}…`
    expect(failed).toMatchObject({
      code: 'command_failed',
      message: `"generate-report" failed: ${message}`,
      details: { name: 'E', message },
    })
    expect(lambda.invoked).toHaveLength(1)
  })

  test.each([
    ['that breaks down', { status: 200, functionError: 'Unhandled', body: { errorMessage: 'signal: killed' } }],
    ['that is cut off', { status: 0, hangUp: true }],
  ])('the checkpoint of a function %s goes on, however long it was silent', async (_, end) => {
    const silence = new AbortController()
    lambda.answer = async ({ envelope }) => {
      if (envelope.attempt.attempt > 1) {
        return { status: 200, body: { attempt: 2, status: 'succeeded', result: 'done' } }
      }
      await once(silence.signal, 'abort')
      return end
    }
    const client = stack.client('request-response')
    const handle = await client.start('silent', {}, { retry: { maxAttempts: 2, initialInterval: 10 } })
    const { envelope } = await nthInvoked()
    expect((await heartbeat(envelope, { checkpoint: { row: 7 } })).body).toStrictEqual({
      cancelRequested: false,
      final: false,
    })
    // Longer than after which an attempt of this command counts as lost.
    await delay(4_000)
    expect(lambda.invoked).toHaveLength(1)
    silence.abort()
    expect(await handle.result()).toBe('done')
    expect(lambda.invoked[1]?.envelope.attempt).toMatchObject({ attempt: 2, checkpoint: { row: 7 } })
  })

  test('an answer that is nested too deeply', async () => {
    const nested: unknown = JSON.parse('['.repeat(1_500) + ']'.repeat(1_500))
    answered({ status: 'succeeded', result: nested })
    expect(await failure(await start({}, {}, 'request-response'))).toMatchObject({
      code: 'invalid_result',
      message:
        'what the function answered "generate-report" cannot be read: the result is nested more than 1000 levels deep',
      details: { leg: 'handler' },
    })
  })

  test('an answer at the limit, and one over it', async () => {
    const result = 'x'.repeat(2_031_614)
    answered({ status: 'succeeded', result, checkpoint: 'x'.repeat(63_998) })
    expect(await (await start({}, {}, 'request-response')).result()).toBe(result)
    answered({ status: 'succeeded', result: `${result}x` })
    expect(await failure(await start({}, {}, 'request-response'))).toMatchObject({
      code: 'payload_too_large',
      details: { side: 'result', bytes: 2_031_617, maxBytes: 2_031_616 },
    })
  })

  test('an answer with a field whose name is more than Temporal takes', async () => {
    answered({ status: 'succeeded', result: 1, ['k'.repeat(3_000_000)]: 1 })
    expect(await failure(await start({}, {}, 'request-response'))).toMatchObject({
      code: 'invalid_result',
      message: expect.stringMatching(
        /^the function answered "generate-report" with what is no response of a handler runtime \(Unrecognized key: "k{3900}k*…\); /,
      ) as string,
    })
    expect(lambda.invoked).toHaveLength(1)
  })

  test('a function without a handler runtime', async () => {
    lambda.answer = () => ({ status: 200, body: { statusCode: 200, body: 'hello' } })
    expect(await failure(await start({}, {}, 'request-response'))).toMatchObject({
      code: 'invalid_result',
      details: { leg: 'handler' },
    })
  })
})

describe('what Lambda says', () => {
  test.each<[number, string, string]>([
    [
      403,
      'AccessDeniedException',
      `denies it (AccessDeniedException); allow lambda:InvokeFunction on it for the vendor worker's credentials`,
    ],
    [
      404,
      'ResourceNotFoundException',
      'has no such thing (ResourceNotFoundException); create it, or set the transport again',
    ],
    [413, 'RequestTooLargeException', 'refuses the message (413 RequestTooLargeException)'],
  ])('%d is final, with what to do', async (status, error, problem) => {
    lambda.answer = () => ({ status, error, body: { message: 'no' } })
    expect(await failure(await start())).toMatchObject({
      code: 'delivery_failed',
      message: `"generate-report" could not be delivered to "event": function ${ARN}event: Lambda ${problem}`,
      details: { leg: 'delivery' },
    })
    expect(lambda.invoked).toHaveLength(1)
  })

  test('of bad credentials is final', async () => {
    lambda.answer = () => ({ status: 403, error: 'UnrecognizedClientException', body: { message: 'no' } })
    expect(await failure(await start())).toMatchObject({ code: 'delivery_failed', details: { leg: 'credentials' } })
  })

  test.each([
    { status: 429, error: 'TooManyRequestsException', body: {} },
    { status: 500, error: 'ServiceException', body: {} },
    { status: 0, hangUp: true },
  ])('%j is tried again, as the same invocation', async (answer) => {
    lambda.answer = () => (lambda.invoked.length < 3 ? answer : { status: 202 })
    const handle = await start()
    const { envelope } = await nthInvoked(3)
    expect(envelope.invocationId).toBe(handle.id)
    expect(envelope.attempt).toMatchObject({ attempt: 3, run: 1, deliveredBefore: answer.status === 429 ? 0 : 2 })
    await report(envelope, { status: 'succeeded', result: 1 })
    expect(await handle.result()).toBe(1)
  })

  test('nothing is sent over its limit', async () => {
    expect(await failure(await start({ text: 'x'.repeat(1_048_576) }))).toMatchObject({
      code: 'payload_too_large',
      message: expect.stringMatching(
        /^the params of "generate-report" make an envelope of \d+ bytes, the limit of Lambda \(event\) is 1048576; /,
      ) as string,
    })
    expect(lambda.invoked).toEqual([])
  })
})
