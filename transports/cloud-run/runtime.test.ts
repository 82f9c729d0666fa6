/** What a push endpoint answers, which is all that Pub/Sub goes by; nothing that comes ends the process. */
import { once } from 'node:events'
import type { AddressInfo } from 'node:net'
import { expect, onTestFinished, test, vi } from 'vitest'
import { startPushIdentity } from '../../tests/cloud/pubsub-pusher.js'
import { TestControlPlane, testEnvelope, testSettings } from '../runtime/control-plane.testsuite.js'
import { startPushServer } from './runtime.js'

const audience = 'https://alien.example'
const serviceAccount = 'pusher@alien-tests.iam.gserviceaccount.com'
const identity = await startPushIdentity()

async function world() {
  const plane = await TestControlPlane.start()
  const run = vi.fn(() => 'done')
  const { registry } = testSettings(plane, run)
  vi.stubEnv('PORT', '0')
  onTestFinished(() => void vi.unstubAllEnvs())
  const { certificatesUrl } = identity
  const options = { url: plane.url, deploymentId: 'dep_1', registry, audience, serviceAccount, certificatesUrl }
  const server = startPushServer(options)
  await once(server, 'listening')
  onTestFinished(() => {
    server.closeAllConnections()
    server.close()
  })
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
  const post = async (body: string): Promise<number> => {
    const authorization = `Bearer ${identity.token(audience, serviceAccount)}`
    return (await fetch(url, { method: 'POST', headers: { authorization }, body })).status
  }
  return { plane, run, url, post }
}

const wrapped = (data: string): string => JSON.stringify({ message: { data: Buffer.from(data).toString('base64') } })

test('204 for what is done, and 400, 401, 405 or 413 for what is none of its messages', async () => {
  const { plane, run, url, post } = await world()
  expect((await fetch(url)).status).toBe(405)
  expect((await fetch(url, { method: 'POST', body: '{}' })).status).toBe(401)
  for (const body of [
    '',
    'garbage',
    'null',
    '[]',
    '{}',
    '{"message":1}',
    '{"message":{"data":1}}',
    wrapped('garbage'),
  ]) {
    expect(await post(body), body).toBe(400)
  }
  expect(await post(wrapped(JSON.stringify({ ...testEnvelope(plane.url), version: 2 })))).toBe(400)
  expect(await post(wrapped('x'.repeat(10_600_000)))).toBe(413)
  expect(run).not.toHaveBeenCalled()
  expect(await post(wrapped(JSON.stringify(testEnvelope(plane.url, { unique: '0000000000000002' }))))).toBe(204)
  expect(run).toHaveBeenCalledTimes(1)
})
