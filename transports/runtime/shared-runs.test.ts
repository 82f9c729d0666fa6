/** Instances of a function that tell each other by a storage what they have begun. */
import { expect, test, vi } from 'vitest'
import { sharedStorage, TestControlPlane, testEnvelope, testSettings } from './control-plane.testsuite.js'
import { createHandlerRuntime } from './handler-runtime.js'

test('of five that are given the same delivery, one enters the handler', async () => {
  let goOn: (value: unknown) => void = () => undefined
  const handler = vi.fn(() => new Promise((resolve) => (goOn = resolve)))
  const plane = await TestControlPlane.start()
  const runsStorage = sharedStorage()
  let over = 0
  const ends = Array.from({ length: 5 }, () =>
    createHandlerRuntime('test', testSettings(plane, handler, { runsStorage }))
      .deliver(testEnvelope(plane.url))
      .finally(() => (over += 1)),
  )
  await expect.poll(() => over).toBe(4)
  goOn('once')
  await Promise.all(ends)
  expect(handler).toHaveBeenCalledTimes(1)
  expect(plane.responses).toHaveLength(1)
})

test('a forged delivery leaves nothing there', async () => {
  const handler = vi.fn()
  const plane = await TestControlPlane.start()
  const runsStorage = sharedStorage()
  const runtime = createHandlerRuntime('test', testSettings(plane, handler, { runsStorage }))
  await runtime.deliver(testEnvelope(plane.url, { response: { token: 'rsp_forged' } }))
  expect(handler).not.toHaveBeenCalled()
  expect(await runsStorage.list().next()).toMatchObject({ done: true })
})
