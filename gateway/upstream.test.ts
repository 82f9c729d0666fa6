import { Server, ServerCredentials, status, type handleUnaryCall } from '@grpc/grpc-js'
import { expect, onTestFinished, test } from 'vitest'
import { plainTemporal } from '../temporal/settings.js'
import { SERVICE } from './methods.js'
import { connectUpstream, type Upstream } from './upstream.js'

const bytes = (value: Buffer): Buffer => value

/** Connected to a Temporal that answers every poll so, in words that are not for agents. */
async function upstreamThatAnswers(code: status): Promise<Upstream> {
  const server = new Server()
  const register = (method: string, handler: handleUnaryCall<Buffer, Buffer>) =>
    server.register(`/${SERVICE}/${method}`, handler, bytes, bytes, 'unary')
  register('GetSystemInfo', (_, callback) => callback(null, Buffer.alloc(0)))
  register('PollActivityTaskQueue', ({ request }, callback) =>
    code === status.OK ? callback(null, request) : callback({ code, details: 'shard 7 of cluster acme-prod' }),
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  onTestFinished(() => server.forceShutdown())
  const upstream = await connectUpstream(plainTemporal(`127.0.0.1:${port}`, 'default'))
  onTestFinished(() => upstream.close())
  return upstream
}

const poll = (upstream: Upstream): Promise<Uint8Array> =>
  upstream.call('PollActivityTaskQueue', Buffer.from('a poll'), { deadlineMs: Date.now() + 10_000 })

const CANNOT_BE_REACHED = ['UNAVAILABLE', 'Temporal cannot be reached'] as const

/** A worker of the SDK ends when it hears that it may not poll: the vendor's own credentials are no reason to. */
const HEARD: Record<Exclude<keyof typeof status, 'OK'>, readonly [heard: keyof typeof status, message: string]> = {
  UNAUTHENTICATED: CANNOT_BE_REACHED,
  PERMISSION_DENIED: CANNOT_BE_REACHED,
  UNAVAILABLE: CANNOT_BE_REACHED,
  UNIMPLEMENTED: CANNOT_BE_REACHED,
  INTERNAL: CANNOT_BE_REACHED,
  UNKNOWN: CANNOT_BE_REACHED,
  DATA_LOSS: CANNOT_BE_REACHED,
  ABORTED: CANNOT_BE_REACHED,
  ALREADY_EXISTS: CANNOT_BE_REACHED,
  OUT_OF_RANGE: CANNOT_BE_REACHED,
  NOT_FOUND: ['NOT_FOUND', 'the attempt is over: it timed out, was canceled, or was reported before'],
  INVALID_ARGUMENT: ['INVALID_ARGUMENT', 'Temporal does not take this request'],
  FAILED_PRECONDITION: ['FAILED_PRECONDITION', 'Temporal does not take this request now'],
  RESOURCE_EXHAUSTED: ['RESOURCE_EXHAUSTED', 'Temporal is busy; try again later'],
  DEADLINE_EXCEEDED: ['DEADLINE_EXCEEDED', 'Temporal did not answer in time'],
  CANCELLED: ['CANCELLED', 'the call was canceled'],
}

test.each(Object.entries(HEARD))("Temporal's %s is %j to an agent", async (answered, [heard, message]) => {
  const upstream = await upstreamThatAnswers(status[answered as keyof typeof HEARD])
  await expect(poll(upstream)).rejects.toStrictEqual(
    expect.objectContaining({ name: 'Refusal', code: status[heard], message }),
  )
})

test('what Temporal answers comes as it is', async () => {
  const answer = await poll(await upstreamThatAnswers(status.OK))
  expect(Buffer.from(answer).toString()).toBe('a poll')
})
