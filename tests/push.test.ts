/** Commands that are pushed and taken on: what their runtimes report, or do not. */
import type { InvocationHandle } from '@alienplatform/sdk/commands'
import { describe, expect, test } from 'vitest'
import { eventually } from './support/eventually.js'
import {
  api,
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

const startSilent = (options: object = {}): Promise<InvocationHandle> =>
  stack.client('event').start('silent', {}, options)

describe('handed over, and reported', () => {
  test('an invocation is what its runtime says', async () => {
    const handle = await start({ startDate: '2025-01-01' }, { timeoutMs: 60_000 })
    const { functionArn, type, envelope } = await nthInvoked()
    expect({ functionArn, type }).toEqual({ functionArn: `${ARN}event`, type: 'Event' })
    expect(envelope).toEqual({
      version: 1,
      invocationId: handle.id,
      workflowRunId: expect.stringMatching(/^[0-9a-f-]{36}$/) as string,
      deployment: { id: expect.stringMatching(/^dep_/) as string, name: 'event' },
      command: 'generate-report',
      params: { startDate: '2025-01-01' },
      attempt: { attempt: 1, run: 1, deliveredBefore: 0, atMostOnce: false, timeoutMs: 60_000, exposeStack: false },
      sentAt: expect.stringMatching(/Z$/) as string,
      response: {
        url: `${stack.state.url}/v1/invocations/${handle.id}/response`,
        heartbeatUrl: `${stack.state.url}/v1/invocations/${handle.id}/heartbeat`,
        token: expect.stringMatching(/^rsp_/) as string,
        expiresAt: expect.stringMatching(/Z$/) as string,
      },
    })
    expect(await handle.describe()).toMatchObject({
      status: 'queued',
      waiting: { for: 'handler', message: 'it was sent, and its handler was not heard of yet' },
    })
    expect((await heartbeat(envelope)).body).toEqual({ cancelRequested: false, final: false })
    expect(await handle.status()).toBe('running')
    const { status, body } = await report(envelope, { status: 'succeeded', result: { rowCount: 3 } })
    expect({ status, body }).toEqual({ status: 200, body: { recorded: true } })
    expect(await handle.result()).toEqual({ rowCount: 3 })
    expect((await heartbeat(envelope)).body).toEqual({ cancelRequested: false, final: true })
  })

  test.each([null, false, 0, '', [], { a: [null] }])('result %j', async (result) => {
    const handle = await start()
    await report((await nthInvoked()).envelope, { status: 'succeeded', result })
    expect(await handle.result()).toEqual(result)
  })

  test('an error of the handler is final, unless the policy says otherwise', async () => {
    const error = { code: 'command_failed', message: 'no', details: { name: 'Error', message: 'no', code: 'E_DISK' } }
    const handle = await start({}, { retry: { maxAttempts: 2, initialInterval: 1 } })
    await report((await nthInvoked()).envelope, { status: 'failed', error, checkpoint: { row: 7 } })
    const { envelope } = await nthInvoked(2)
    expect(envelope.attempt).toMatchObject({ attempt: 2, run: 2, deliveredBefore: 0, checkpoint: { row: 7 } })
    await report(envelope, { status: 'failed', error })
    expect(await failure(handle)).toMatchObject(error)
  })

  test('an outcome is in the audit; what comes after the end is answered, changes nothing, and is there as late', async () => {
    const handle = await start()
    const { envelope } = await nthInvoked()
    await report(envelope, { status: 'succeeded', result: 1 })
    expect(await handle.result()).toBe(1)
    const late = await report(envelope, { status: 'succeeded', result: 2 })
    expect({ status: late.status, body: late.body }).toEqual({ status: 200, body: { recorded: false, reason: 'late' } })
    expect(await handle.result()).toBe(1)
    await report(envelope, { status: 'succeeded', result: 2 })
    for (const action of ['invocations.response', 'invocations.late-response']) {
      const records = await eventually(`${action} is in the audit`, async () => {
        const { body } = await api('GET', `/v1/audit?action=${action}`)
        const own = (body.records as { invocationId: string }[]).filter(
          ({ invocationId }) => invocationId === handle.id,
        )
        return own.length > 0 ? own : undefined
      })
      expect(records).toEqual([
        expect.objectContaining({
          actor: { kind: 'response-token', id: `${handle.id}/1` },
          method: 'PUT',
          outcome: 'done',
          status: 200,
        }),
      ])
    }
  })

  test('what the handler says is followed as that of an agent', async () => {
    const handle = await start()
    const { envelope } = await nthInvoked()
    const at = new Date().toISOString()
    const events = [{ type: 'started' }, { type: 'progress', at, done: 1, total: 2 }]
    await heartbeat(envelope, { progress: { done: 1, total: 2 }, events: { first: 1, events } })
    const log = { type: 'log', at, level: 'info', message: 'half of it' }
    await report(envelope, {
      status: 'succeeded',
      result: 1,
      events: { first: 3, events: [log, { type: 'finished' }] },
    })
    const said = []
    for await (const event of handle.events()) said.push(event)
    expect(said.filter(({ type }) => type !== 'status')).toEqual([
      expect.objectContaining({ type: 'progress', done: 1, total: 2, attempt: 1 }),
      expect.objectContaining({ type: 'log', message: 'half of it', attempt: 1 }),
      expect.objectContaining({ type: 'ended', status: 'succeeded' }),
    ])
  })
})

describe('without a word', () => {
  test('it is sent again, and the first result counts, whichever attempt it is of', async () => {
    const handle = await startSilent()
    const { envelope: first } = await nthInvoked()
    const { envelope: second } = await nthInvoked(2)
    expect(second.attempt).toMatchObject({ attempt: 2, run: 1, deliveredBefore: 1 })
    expect((await heartbeat(second)).body).toEqual({ cancelRequested: false, final: false })
    expect((await heartbeat(first)).body).toEqual({ cancelRequested: false, final: false })
    await report(first, { status: 'succeeded', result: 'of the first' })
    expect(await handle.result()).toBe('of the first')
    expect((await report(second, { status: 'succeeded', result: 'of the second' })).body).toEqual({
      recorded: false,
      reason: 'late',
    })
  })

  test('for as long as it may wait, it is unknown what became of it', async () => {
    const handle = await startSilent({ queueTimeoutMs: 5_000 })
    expect(await failure(handle)).toMatchObject({
      code: 'outcome_unknown',
      message: expect.stringMatching(
        /^"silent" was sent to "event" 2 times, and nothing was heard of it for [\d.]+s; whether it ran is unknown$/,
      ) as string,
    })
  })

  test('heartbeats hold it open, and the newest checkpoint of one that fell silent goes on', async () => {
    const handle = await startSilent()
    const { envelope } = await nthInvoked()
    for (let beat = 0; beat < 5; beat += 1) {
      expect((await heartbeat(envelope, { checkpoint: { beat } })).body.final).toBe(false)
      await new Promise((resolve) => setTimeout(resolve, 1_000))
    }
    expect(lambda.invoked).toHaveLength(1)
    const { envelope: second } = await nthInvoked(2)
    expect(second.attempt).toMatchObject({ attempt: 2, deliveredBefore: 1, checkpoint: { beat: 4 } })
    await report(second, { status: 'succeeded', result: 1 })
    await handle.result()
  })
})

describe('canceled', () => {
  test('an attempt that was given up, and runs after all, hears of it as well', async () => {
    const handle = await startSilent()
    const { envelope: first } = await nthInvoked()
    await nthInvoked(2)
    expect((await heartbeat(first)).body).toEqual({ cancelRequested: false, final: false })
    const asked = handle.cancel()
    await eventually('the first hears of it', async () =>
      (await heartbeat(first)).body.cancelRequested === true ? true : undefined,
    )
    await report(first, { status: 'canceled', stopped: true, entered: true })
    // The second may be in its queue yet.
    expect(await asked).toBe('unknown')
  })

  test('the runtime hears of it with its next heartbeat, and says whether the handler stopped', async () => {
    const handle = await start()
    const { envelope } = await nthInvoked()
    await heartbeat(envelope)
    const asked = handle.cancel({ reason: 'wrong month' })
    await eventually('the runtime hears of it', async () =>
      (await heartbeat(envelope)).body.cancelRequested === true ? true : undefined,
    )
    const reported = await report(envelope, { status: 'canceled', stopped: true, entered: true })
    expect(reported.body).toEqual({ recorded: true })
    expect(await asked).toBe('stopped')
    expect(await failure(handle)).toMatchObject({ code: 'canceled', details: { verdict: 'stopped' } })
  })

  test('a handler that finished first did', async () => {
    const handle = await start()
    const { envelope } = await nthInvoked()
    await heartbeat(envelope)
    const asked = handle.cancel()
    await eventually('the runtime hears of it', async () =>
      (await heartbeat(envelope)).body.cancelRequested === true ? true : undefined,
    )
    await report(envelope, { status: 'succeeded', result: 1 })
    expect(await asked).toBe('finished_first')
    expect(await handle.result()).toBe(1)
  })

  test('one that finds so before it enters the handler started nothing', async () => {
    const handle = await start()
    const { envelope } = await nthInvoked()
    const asked = handle.cancel()
    await eventually('the runtime hears of it', async () =>
      (await heartbeat(envelope)).body.cancelRequested === true ? true : undefined,
    )
    await report(envelope, { status: 'canceled', stopped: true, entered: false })
    expect(await asked).toBe('not_started')
    expect(await failure(handle)).toMatchObject({ code: 'canceled', details: { verdict: 'not_started' } })
  })

  test('nobody can tell of one that is silent', async () => {
    const handle = await startSilent()
    await nthInvoked()
    expect(await handle.cancel()).toBe('unknown')
    expect(await failure(handle)).toMatchObject({ code: 'outcome_unknown', details: { verdict: 'unknown' } })
  })
})
