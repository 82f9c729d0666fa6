import { ApplicationFailure, CancelledFailure, type RawValue } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { ATTEMPT } from '../execution/test-run.testsuite.js'
import { TIMES_METADATA } from '../protocol/attempt-times.js'
import { jsonPayload } from '../temporal/json-payload.js'
import { attemptTimesInterceptor } from './attempt-times.js'

const RUN_MS = 50

/** An attempt that waited 700 ms in its queue, and whose handler takes {@link RUN_MS}. */
const attempted = (end: () => unknown): Promise<unknown> => {
  const environment = new MockActivityEnvironment(
    { scheduleToCloseTimeoutMs: 9_300 },
    { interceptors: [attemptTimesInterceptor] },
  )
  const budget = { remainingMs: null, queueMs: 5_000, scheduleToCloseMs: 10_000 }
  const activity: (...args: unknown[]) => Promise<unknown> = async () => {
    await delay(RUN_MS)
    return end()
  }
  return environment.run(activity, {}, { ...ATTEMPT, budget })
}

/** Timers may be a moment early. */
const isRun = (runMs: number) => runMs >= RUN_MS - 5

test('a result says beside itself how long it waited and ran', async () => {
  const { payload } = (await attempted(() => jsonPayload('{"rows":3}'))) as RawValue
  expect(Buffer.from(payload.data ?? []).toString()).toBe('{"rows":3}')
  expect(Buffer.from(payload.metadata?.['encoding'] ?? []).toString()).toBe('json/plain')
  const times = JSON.parse(Buffer.from(payload.metadata?.[TIMES_METADATA] ?? []).toString()) as Record<string, number>
  expect(times).toStrictEqual({ queuedMs: 700, runMs: expect.toSatisfy(isRun) as number })
})

test('a failure does as well, and keeps all that it had', async () => {
  const failure = ApplicationFailure.create({
    message: 'no',
    type: 'command_failed',
    nonRetryable: true,
    category: 'BENIGN',
    details: [{ code: 7 }, { checkpoint: 4 }],
  })
  const fail = () => {
    throw failure
  }
  const { message, type, nonRetryable, category } = failure
  const times = { queuedMs: 700, runMs: expect.toSatisfy(isRun) as number }
  await expect(attempted(fail)).rejects.toMatchObject({
    ...{ message, type, nonRetryable, category },
    details: [{ code: 7 }, { checkpoint: 4, times }],
  })
})

test('what says that it was canceled is left alone', async () => {
  const canceled = new CancelledFailure('canceled', [{ stopped: true }])
  const cancel = () => {
    throw canceled
  }
  await expect(attempted(cancel)).rejects.toBe(canceled)
})
