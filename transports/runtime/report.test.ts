/** That what a handler came to is told, whatever it is and whatever the control plane answers at first. */
import { expect, test } from 'vitest'
import type { Handler } from '../../sdk/command.js'
import { TestControlPlane, testEnvelope, testSettings } from './control-plane.testsuite.js'
import { createHandlerRuntime } from './handler-runtime.js'

async function world(handler: Handler) {
  const plane = await TestControlPlane.start()
  return { plane, runtime: createHandlerRuntime('test', testSettings(plane, handler)) }
}

test('an error with a message of more than 100,000 characters', async () => {
  const message = 'm'.repeat(150_000)
  const { plane, runtime } = await world(() => {
    throw new Error(message)
  })
  await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
  expect(plane.responses).toStrictEqual([
    {
      attempt: 1,
      status: 'failed',
      error: {
        code: 'command_failed',
        message: `"report" failed: ${message}`,
        details: { name: 'Error', message },
      },
    },
  ])
})

test('an error with details that are nested deeper than the control plane reads', async () => {
  const { plane, runtime } = await world(() => {
    throw Object.assign(new Error('no'), { details: JSON.parse('['.repeat(1_500) + ']'.repeat(1_500)) as unknown })
  })
  await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
  expect(plane.responses).toMatchObject([
    { error: { details: { details: 'left out: the error was nested more than 990 levels deep' } } },
  ])
})

test('an error that the control plane does not take all the same', async () => {
  // Each of its characters is six in JSON, and the message is told twice.
  const { plane, runtime } = await world(() => {
    throw new Error('\u0001'.repeat(200_000))
  })
  await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
  expect(plane.responses).toMatchObject([
    {
      status: 'failed',
      error: {
        code: 'command_failed',
        message: expect.stringMatching(
          /^the control plane does not take what "report" came to: the error is \d+ bytes of JSON, the limit is 2031616$/,
        ) as string,
      },
    },
  ])
})

test.each([408, 429, 500, 520, 524])(
  'after an answer of %d from something before the control plane',
  async (status) => {
    const { plane, runtime } = await world(() => 'done')
    plane.proxyStatuses.push(status)
    await expect(runtime.deliver(testEnvelope(plane.url), 30_000)).resolves.toMatchObject({ kind: 'done' })
    expect(plane.responses).toMatchObject([{ status: 'succeeded', result: 'done' }])
  },
)
