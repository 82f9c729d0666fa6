/** That what a handler came to is told, whatever it is and whatever the control plane answers at first. */
import { expect, test } from 'vitest'
import { MAX_CHECKPOINT_BYTES, MAX_PAYLOAD_BYTES } from '../../protocol/limits.js'
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

test('an error at its limit, beside a checkpoint at its own', async () => {
  const about = JSON.stringify({ name: 'Error', message: 'no', details: '' }).length + 'no'.length
  const details = 'x'.repeat(MAX_PAYLOAD_BYTES - MAX_CHECKPOINT_BYTES - about)
  const checkpoint = 'x'.repeat(MAX_CHECKPOINT_BYTES - 2)
  const { plane, runtime } = await world(async (_, context) => {
    await context.checkpoint(checkpoint)
    throw Object.assign(new Error('no'), { details })
  })
  await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
  const [response] = plane.responses
  expect(response).toMatchObject({ error: { code: 'command_failed', message: '"report" failed: no' } })
  expect(response?.status === 'failed' && response.error.details).toEqual({ name: 'Error', message: 'no', details })
  expect(response?.checkpoint === checkpoint).toBe(true)
})

test('an error whose every character is six in JSON, and its message told twice: as much as fits', async () => {
  const message = '\u0001'.repeat(200_000)
  const { plane, runtime } = await world(() => {
    throw new Error(message)
  })
  await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
  expect(plane.responses).toMatchObject([
    {
      status: 'failed',
      error: {
        code: 'command_failed',
        message: expect.stringMatching(/^"report" failed: \u0001{40000}/) as string,
        details: { details: 'left out: the error was 2400029 bytes of JSON, the limit is 1967616' },
      },
    },
  ])
})

test('that something before the control plane does not take an error', async () => {
  const { plane, runtime } = await world(() => {
    throw new Error('no')
  })
  plane.proxyStatuses.push(413)
  await expect(runtime.deliver(testEnvelope(plane.url))).resolves.toMatchObject({ kind: 'done' })
  expect(plane.responses).toMatchObject([
    {
      status: 'failed',
      error: {
        code: 'command_failed',
        message:
          'the control plane does not take what "report" came to: the control plane answered 413 without an error body; is the URL that of a control plane?',
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
