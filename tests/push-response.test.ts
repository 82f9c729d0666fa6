/** What is no response of an attempt, or with no good token, is refused and changes nothing. */
import type { InvocationHandle } from '@alienplatform/sdk/commands'
import { Client, Connection } from '@temporalio/client'
import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Envelope } from '../protocol/envelope.js'
import type { Answer } from './support/http.js'
import {
  callRuntime,
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

describe('a response', () => {
  let envelope: Envelope
  let handle: InvocationHandle

  beforeAll(async () => {
    lambda.invoked.length = 0
    lambda.answer = () => ({ status: 202 })
    handle = await start()
    ;({ envelope } = await nthInvoked())
  })

  afterAll(async () => {
    await report(envelope, { status: 'succeeded', result: 'the right one' })
    expect(await handle.result()).toBe('the right one')
  })

  const put = (body: unknown, token = envelope.response.token): Promise<Answer> =>
    callRuntime(token, 'PUT', envelope.response.url, body)

  test.each<[unknown, number, string, string]>([
    [
      { attempt: 1 },
      400,
      'invalid_request',
      "bad response: status: Invalid discriminator value. Expected 'succeeded' | 'failed' | 'canceled'",
    ],
    [{ attempt: 1, status: 'succeeded' }, 400, 'invalid_request', 'bad response: result: is missing'],
    [
      { attempt: 2, status: 'succeeded', result: 1 },
      403,
      'permission_denied',
      'this response token is of attempt 1, not of attempt 2',
    ],
    [
      `{"attempt":1,"status":"succeeded","result":${'['.repeat(2_000)}${']'.repeat(2_000)}}`,
      400,
      'invalid_request',
      'the result is nested more than 1000 levels deep',
    ],
    [
      { attempt: 1, status: 'succeeded', result: 'x'.repeat(2_031_615) },
      413,
      'payload_too_large',
      'the result is 2031617 bytes of JSON, the limit is 2031616',
    ],
    [
      { attempt: 1, status: 'succeeded', result: 1, checkpoint: 'x'.repeat(64_000) },
      413,
      'payload_too_large',
      'the checkpoint is 64002 bytes of JSON, the limit is 64000',
    ],
  ])('that is none is refused (%#)', async (body, status, code, message) => {
    const answer = await put(body)
    expect(answer.body.error).toMatchObject({ code, message })
    expect(answer.status).toBe(status)
  })

  test.each<[string, () => string]>([
    ['of nobody', () => `rsp_${'A'.repeat(87)}`],
    ['altered', () => envelope.response.token.slice(0, -1) + (envelope.response.token.endsWith('A') ? 'Q' : 'A')],
    ['an API key', () => stack.state.token],
  ])('with a token that is %s is refused', async (_what, token) => {
    const { status, body } = await put({ attempt: 1, status: 'succeeded', result: 'forged' }, token())
    expect(status).toBe(401)
    expect(body.error.message).toBe('the response token is not valid: it is unknown, expired or of another invocation')
  })

  test('with the token of another invocation is refused', async () => {
    const nth = lambda.invoked.length + 1
    const other = await start()
    const { envelope: theirs } = await nthInvoked(nth)
    const { status } = await put({ attempt: 1, status: 'succeeded', result: 'forged' }, theirs.response.token)
    expect(status).toBe(401)
    await report(theirs, { status: 'succeeded', result: 1 })
    await other.result()
  })
})

test('a result and a checkpoint at their limits arrive, with much that the handler said', async () => {
  const nth = lambda.invoked.length + 1
  const handle = await start()
  const { envelope } = await nthInvoked(nth)
  const line = { type: 'log', at: new Date().toISOString(), level: 'info', message: 'x'.repeat(2_000) }
  const result = 'x'.repeat(2_031_614)
  const events = { first: 1, events: Array.from({ length: 100 }, () => line) }
  const answer = await report(envelope, { status: 'succeeded', result, checkpoint: 'x'.repeat(63_998), events })
  expect(answer.body).toEqual({ recorded: true })
  expect(await handle.result()).toBe(result)
})

test('an error and a checkpoint at their limits arrive, and one more byte is refused', async () => {
  const nth = lambda.invoked.length + 1
  const policy = { retry: { maxAttempts: 2, initialInterval: 1 } }
  const handle = await start({}, policy)
  const { envelope } = await nthInvoked(nth)
  const ofDetails = (details: string) => ({ code: 'command_failed', message: 'no', details })
  const details = 'x'.repeat(2_031_616 - JSON.stringify(ofDetails('')).length)
  const checkpoint = 'x'.repeat(63_998)
  const over = await report(envelope, { status: 'failed', error: ofDetails(`${details}x`), checkpoint })
  expect(over.body.error.message).toBe('the error is 2031617 bytes of JSON, the limit is 2031616')
  const answer = await report(envelope, { status: 'failed', error: ofDetails(details), checkpoint })
  expect(answer.body).toEqual({ recorded: true })
  const { envelope: second } = await nthInvoked(nth + 1)
  expect(second.attempt.checkpoint === checkpoint).toBe(true)
  await report(second, { status: 'failed', error: ofDetails(details) })
  expect(await failure(handle)).toMatchObject({ code: 'command_failed', message: 'no', details })
})

test('of a run that somebody reset in Temporal is late, and its handler is told to stop', async () => {
  const nth = lambda.invoked.length + 1
  const handle = await start()
  const { envelope: old } = await nthInvoked(nth)
  await reset(handle.id)
  const { envelope } = await nthInvoked(nth + 1)
  expect(envelope.attempt).toEqual(old.attempt)
  expect((await heartbeat(old)).body).toEqual({ cancelRequested: false, final: true })
  expect(await handle.status()).toBe('queued')
  const late = await report(old, { status: 'succeeded', result: 'of the one before' })
  expect(late.body).toEqual({ recorded: false, reason: 'late' })
  expect((await heartbeat(envelope)).body).toEqual({ cancelRequested: false, final: false })
  await report(envelope, { status: 'succeeded', result: 'of this one' })
  expect(await handle.result()).toBe('of this one')
})

/** To its beginning: the same id, another run. So has an id that is used again once Temporal has forgotten it. */
async function reset(workflowId: string): Promise<void> {
  const { temporalAddress: address, namespace } = stack.state
  const connection = await Connection.connect({ address })
  const { events } = await new Client({ connection, namespace }).workflow.getHandle(workflowId).fetchHistory()
  const begun = events?.find(({ workflowTaskCompletedEventAttributes }) => workflowTaskCompletedEventAttributes)
  await connection.workflowService.resetWorkflowExecution({
    namespace,
    workflowExecution: { workflowId },
    reason: 'tests',
    workflowTaskFinishEventId: begun?.eventId ?? null,
    requestId: randomUUID(),
  })
  await connection.close()
}
