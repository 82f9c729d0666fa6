/** Our sender and Google's library, against what a Pub/Sub service answers. */
import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js'
import { expect, onTestFinished, test, vi } from 'vitest'
import { ENVELOPE_MAX_BYTES } from '../../protocol/envelope.js'
import { ownPort } from '../../tests/support/port.js'
import { testEnvelope } from '../runtime/control-plane.testsuite.js'
import { PubsubSender } from './sender.js'

const topic = 'projects/acme-prod/topics/commands'
const envelope = testEnvelope('https://alien.example')

/** `PublishResponse` with one message id, `1`. */
const PUBLISHED = Buffer.from([0x0a, 1, 0x31])

const bytes = (value: Buffer): Buffer => value

interface Published {
  /** `PublishRequest`, as it came. */
  readonly request: Buffer
  readonly deadlineMs: number
}

/** Pub/Sub as far as the sender needs it: answers each publishing with `code`; `hang up` ends the connection instead. */
async function startPubSub(code: status | 'hang up'): Promise<Published[]> {
  const published: Published[] = []
  const server = new Server()
  const publish: handleUnaryCall<Buffer, Buffer> = (call, callback) => {
    published.push({ request: call.request, deadlineMs: Number(call.getDeadline()) - Date.now() })
    if (code === 'hang up') server.forceShutdown()
    else if (code === status.OK) callback(null, PUBLISHED)
    else callback({ code, details: 'what the service said' })
  }
  server.register('/google.pubsub.v1.Publisher/Publish', publish, bytes, bytes, 'unary')
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  onTestFinished(() => server.forceShutdown())
  usePubSub(port)
  return published
}

function usePubSub(port: number): void {
  vi.stubEnv('PUBSUB_EMULATOR_HOST', `127.0.0.1:${port}`)
  onTestFinished(() => void vi.unstubAllEnvs())
}

/** Closed with the test. */
function newSender(): PubsubSender {
  const sender = new PubsubSender({ kind: 'pubsub', topic })
  onTestFinished(() => sender.close())
  return sender
}

const failure = (given = envelope): Promise<unknown> =>
  newSender()
    .send(given)
    .then(
      () => undefined,
      (error: unknown) => error,
    )

test('an envelope is published to the topic at once, as its JSON, and waited for 10 s at most', async () => {
  const published = await startPubSub(status.OK)
  const sender = newSender()
  expect(await Promise.all([sender.send(envelope), sender.send(envelope)])).toEqual([undefined, undefined])
  expect(published).toHaveLength(2)
  for (const { request, deadlineMs } of published) {
    expect(request.includes(topic)).toBe(true)
    expect(request.includes(JSON.stringify(envelope))).toBe(true)
    expect(deadlineMs).toBeGreaterThan(5_000)
    expect(deadlineMs).toBeLessThanOrEqual(10_000)
  }
})

const NOT_ACCEPTED =
  "does not accept the vendor worker's credentials, or there are none (UNAUTHENTICATED); give its process some that are good"
const DENIED =
  "denies it (PERMISSION_DENIED); allow roles/pubsub.publisher on it for the vendor worker's service account"
const unsaid = (name: string): string => `did not say whether it took the message (${name})`

test.each<[keyof typeof status, string, string, string]>([
  ['NOT_FOUND', 'rejected', 'delivery', 'has no such thing (NOT_FOUND); create it, or set the transport again'],
  ['PERMISSION_DENIED', 'rejected', 'delivery', DENIED],
  ['UNAUTHENTICATED', 'rejected', 'credentials', NOT_ACCEPTED],
  ['INVALID_ARGUMENT', 'rejected', 'delivery', 'refuses the message (INVALID_ARGUMENT)'],
  ['FAILED_PRECONDITION', 'rejected', 'delivery', 'refuses the message (FAILED_PRECONDITION)'],
  ['RESOURCE_EXHAUSTED', 'not_now', 'delivery', 'does not take it now (RESOURCE_EXHAUSTED)'],
  ['DEADLINE_EXCEEDED', 'unconfirmed', 'delivery', unsaid('DEADLINE_EXCEEDED')],
  ['UNAVAILABLE', 'unconfirmed', 'delivery', unsaid('UNAVAILABLE')],
  ['ABORTED', 'unconfirmed', 'delivery', unsaid('ABORTED')],
  ['INTERNAL', 'unconfirmed', 'delivery', unsaid('INTERNAL')],
  ['UNKNOWN', 'unconfirmed', 'delivery', unsaid('UNKNOWN')],
  ['CANCELLED', 'unconfirmed', 'delivery', unsaid('CANCELLED')],
])('%s is %s, and nothing is published once more: the workflow does that', async (name, kind, leg, says) => {
  const published = await startPubSub(status[name])
  expect(await failure()).toMatchObject({ kind, leg, message: `topic ${topic}: Pub/Sub ${says}` })
  expect(published).toHaveLength(1)
})

test('a connection that breaks before the answer: it may have been taken', async () => {
  const published = await startPubSub('hang up')
  expect(await failure()).toMatchObject({
    kind: 'unconfirmed',
    leg: 'delivery',
    message: expect.stringContaining('Pub/Sub did not say whether it took the message (') as string,
  })
  expect(published).toHaveLength(1)
})

test('a service that cannot be reached: nothing was sent', async () => {
  usePubSub(await ownPort())
  expect(await failure()).toMatchObject({
    kind: 'not_now',
    leg: 'delivery',
    message: `topic ${topic}: Pub/Sub cannot be reached (UNAVAILABLE)`,
  })
})

test('an envelope beyond what Pub/Sub takes is not sent', async () => {
  const published = await startPubSub(status.OK)
  const large = testEnvelope('https://alien.example', { params: 'x'.repeat(ENVELOPE_MAX_BYTES.pubsub) })
  expect(await failure(large)).toMatchObject({
    code: 'payload_too_large',
    details: { side: 'params', maxBytes: ENVELOPE_MAX_BYTES.pubsub },
  })
  expect(published).toEqual([])
})
