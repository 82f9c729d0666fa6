import { expect, test, vi } from 'vitest'
import { BindingError } from '../../bindings/binding-error.js'
import { Storage } from '../../bindings/storage/storage.js'
import { TestControlPlane, testEnvelope, testSettings } from '../runtime/control-plane.testsuite.js'
import type { Handler } from '../../sdk/command.js'
import { createLambdaHandler } from './runtime.js'

const context = { getRemainingTimeInMillis: () => 30_000 }

async function world(run: Handler) {
  const plane = await TestControlPlane.start()
  const { registry } = testSettings(plane, run)
  const handler = createLambdaHandler({ url: plane.url, deploymentId: 'dep_1', registry })
  return { plane, handler }
}

test('answers with what the command came to', async () => {
  const { plane, handler } = await world(({ days }: { days: number }) => ({ days }))
  const envelope = testEnvelope(plane.url, { params: { days: 3 }, response: { isReturned: true } })
  await expect(handler(envelope, context)).resolves.toStrictEqual({
    attempt: 1,
    status: 'succeeded',
    result: { days: 3 },
  })
})

test('answers with what it refuses, where that is waited for', async () => {
  const { plane, handler } = await world(() => 1)
  const deployment = { id: 'dep_2', name: 'other' }
  const envelope = testEnvelope(plane.url, { deployment, attempt: { attempt: 3 }, response: { isReturned: true } })
  await expect(handler(envelope, context)).resolves.toStrictEqual({
    attempt: 3,
    status: 'failed',
    error: {
      code: 'invalid_request',
      message: 'the envelope is for deployment "other" (dep_2), and this runtime is "dep_1" (ALIEN_DEPLOYMENT_ID)',
    },
  })
  await expect(
    handler({ ...envelope, response: { ...envelope.response, isReturned: false } }, context),
  ).rejects.toThrow('the envelope is for deployment "other"')
})

test('answers that nothing ran when its storage of runs cannot be had', async () => {
  const plane = await TestControlPlane.start()
  const run = vi.fn(() => 1)
  const runsStorage = new Storage('runs', () => Promise.reject(new BindingError('unavailable', 'S3 failed (503)')))
  const { registry } = testSettings(plane, run)
  const handler = createLambdaHandler({ url: plane.url, deploymentId: 'dep_1', registry, runsStorage })
  await expect(handler(testEnvelope(plane.url, { response: { isReturned: true } }), context)).resolves.toStrictEqual({
    attempt: 1,
    status: 'failed',
    error: {
      code: 'unavailable',
      message: 'the storage of runs cannot be had, and nothing ran: S3 failed (503)',
    },
  })
  expect(run).not.toHaveBeenCalled()
})

test('throws what Lambda is to deliver again', async () => {
  const { handler } = await world(() => 1)
  await expect(handler({ no: 'envelope' }, context)).rejects.toThrow('bad envelope: ')
})

test('a message of a queue cannot have its response returned, for which its token would not be looked at', async () => {
  const run = vi.fn(() => 1)
  const { plane, handler } = await world(run)
  const body = JSON.stringify(testEnvelope(plane.url, { response: { token: 'x', isReturned: true } }))
  const Records = [{ eventSource: 'aws:sqs', messageId: 'm1', body }]
  await expect(handler({ Records }, context)).resolves.toStrictEqual({ batchItemFailures: [{ itemIdentifier: 'm1' }] })
  expect(run).not.toHaveBeenCalled()
})

test('says which messages of a batch are to come again', async () => {
  const run = vi.fn(() => 1)
  const { plane, handler } = await world(run)
  const record = (messageId: string, body: string) => ({ eventSource: 'aws:sqs', messageId, body })
  const envelope = (unique: string) => JSON.stringify(testEnvelope(plane.url, { unique }))
  const Records = [
    record('m1', envelope('0000000000000001')),
    record('m2', 'garbage'),
    record('m3', envelope('0000000000000003')),
  ]
  await expect(handler({ Records }, context)).resolves.toStrictEqual({ batchItemFailures: [{ itemIdentifier: 'm2' }] })
  expect(run).toHaveBeenCalledTimes(2)
})

test('fails while it is loaded with all that is wrong with its bindings', () => {
  vi.stubEnv('ALIEN_A_BINDING', '{')
  vi.stubEnv('ALIEN_LINKS', '[{"kind":"vault","name":"credentials"}]')
  const options = { deploymentId: 'acme', url: 'https://vendor.example' }
  expect(() => createLambdaHandler(options)).toThrow(
    /^2 bindings are wrong:\n {2}vault "credentials" is not configured: .*\n {2}ALIEN_A_BINDING, which .* it is not JSON/,
  )
  vi.unstubAllEnvs()
})

test.each([
  [{}, 'a handler runtime needs ALIEN_DEPLOYMENT_ID: the id or the name of the deployment that this is'],
  [{ deploymentId: 'acme' }, "a handler runtime needs ALIEN_URL: the vendor's control plane"],
  [
    { deploymentId: 'acme', url: 'http://vendor.example' },
    'ALIEN_URL "http://vendor.example" must be an https URL; http is for this machine only',
  ],
])('fails while it is loaded when it is misconfigured: %j', (options, message) => {
  vi.stubEnv('ALIEN_URL', undefined)
  vi.stubEnv('ALIEN_DEPLOYMENT_ID', undefined)
  expect(() => createLambdaHandler(options)).toThrow(message)
})
