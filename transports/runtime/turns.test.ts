/** Commands with `concurrency` on a platform that ends the process: the wait counts against its time. */
import { expect, test } from 'vitest'
import { TestControlPlane, testEnvelope, testSettings } from './control-plane.testsuite.js'
import { createHandlerRuntime } from './handler-runtime.js'

test('an attempt that has no turn in the time of its platform ran nothing, and says so before that is over', async () => {
  const plane = await TestControlPlane.start()
  let goOn: (value: unknown) => void = () => undefined
  let entered: () => void = () => undefined
  const wasEntered = new Promise<void>((resolve) => (entered = resolve))
  const handler = () => {
    entered()
    return new Promise((resolve) => (goOn = resolve))
  }
  const runtime = createHandlerRuntime('test', testSettings(plane, handler, { options: { concurrency: 1 } }))
  const first = runtime.deliver(testEnvelope(plane.url, { unique: '0000000000000001' }))
  await wasEntered
  const second = testEnvelope(plane.url, { unique: '0000000000000002' })
  await runtime.deliver(second, 1_500)
  expect(await plane.responseOf(second)).toMatchObject({
    status: 'failed',
    error: {
      code: 'unavailable',
      message: expect.stringMatching(
        /^as many "report" as this agent runs at a time were running, and this one had no turn within (1s|\d+ms); nothing ran$/,
      ) as string,
    },
  })
  goOn(1)
  await first
})

test('what it waited for its turn is taken from the time of its handler', async () => {
  const plane = await TestControlPlane.start()
  const ends: ((value: unknown) => void)[] = []
  const handler = () => new Promise((resolve) => ends.push(resolve))
  const runtime = createHandlerRuntime('test', testSettings(plane, handler, { options: { concurrency: 1 } }))
  const first = runtime.deliver(testEnvelope(plane.url, { unique: '0000000000000001' }))
  await expect.poll(() => ends.length).toBe(1)
  const second = testEnvelope(plane.url, { unique: '0000000000000002', attempt: { timeoutMs: 60_000 } })
  const startedAtMs = performance.now()
  const delivered = runtime.deliver(second, 2_500)
  // Its own: before it, the one that asks whether it is wanted.
  const waiting = () => plane.heartbeats.filter(({ waitsFor }) => waitsFor === 'turn')
  await plane.until(() => waiting().length === 1)
  ends[0]?.(1)
  await Promise.all([first, delivered])
  expect(performance.now() - startedAtMs).toBeLessThan(2_500)
  expect(await plane.responseOf(second)).toMatchObject({ status: 'failed', error: { code: 'timed_out' } })
})
