/** Which senders a process keeps, and when their connections end. */
import { afterEach, beforeEach, expect, test, vi, type MockInstance } from 'vitest'
import { startLambdaService, type LambdaService } from '../tests/support/lambda-service.js'
import type { PushTransport } from '../protocol/transport.js'
import { LambdaSender } from './lambda/sender.js'
import { testEnvelope } from './runtime/control-plane.testsuite.js'
import { Senders } from './senders.js'

const envelope = testEnvelope('https://alien.example')
const transport = (name: string): PushTransport => ({
  kind: 'lambda',
  functionArn: `arn:aws:lambda:eu-central-1:123456789012:function:${name}`,
  invocation: 'event',
})
const deployment = (id: string | number) => ({ id: `dep_${id}`, name: `acme-${id}` })

let lambda: LambdaService
/** Watched, and done all the same. */
let closed: MockInstance<LambdaSender['close']>

beforeEach(async () => {
  lambda = await startLambdaService()
  vi.stubEnv('AWS_ENDPOINT_URL_LAMBDA', lambda.url)
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test')
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test')
  closed = vi.spyOn(LambdaSender.prototype, 'close')
})

afterEach(async () => {
  vi.restoreAllMocks()
  vi.unstubAllEnvs()
  await lambda.close()
})

test('one is kept for a deployment as long as its transport stays what it is', async () => {
  const senders = new Senders()
  for (let n = 0; n < 3; n += 1) await senders.send(deployment(1), transport('a'), envelope)
  expect(closed).not.toHaveBeenCalled()
  await senders.send(deployment(1), transport('b'), envelope)
  expect(closed).toHaveBeenCalledTimes(1)
  expect(lambda.invoked.map(({ functionArn }) => functionArn.split(':').at(-1))).toEqual(['a', 'a', 'a', 'b'])
  senders.close()
  expect(closed).toHaveBeenCalledTimes(2)
})

test('one that is replaced ends when what it sends has ended', async () => {
  const senders = new Senders()
  let answer: () => void = () => undefined
  let arrived: () => void = () => undefined
  const hasArrived = new Promise<void>((resolve) => (arrived = resolve))
  lambda.answer = ({ functionArn }) => {
    if (functionArn.endsWith(':b')) return { status: 202 }
    arrived()
    return new Promise((resolve) => (answer = () => resolve({ status: 202 })))
  }
  const sending = senders.send(deployment(1), transport('a'), envelope)
  await hasArrived
  await senders.send(deployment(1), transport('b'), envelope)
  expect(closed).not.toHaveBeenCalled()
  answer()
  await sending
  expect(closed).toHaveBeenCalledTimes(1)
  senders.close()
})

test('beyond 500, that of the deployment which was not used for longest goes', async () => {
  const senders = new Senders()
  for (let n = 1; n <= 500; n += 1) await senders.send(deployment(n), transport('a'), envelope)
  await senders.send(deployment(1), transport('a'), envelope)
  expect(closed).not.toHaveBeenCalled()
  await senders.send(deployment(501), transport('a'), envelope)
  expect(closed).toHaveBeenCalledTimes(1)
  // The first was used again, and is kept: only the second is made anew, for which the third goes.
  await senders.send(deployment(1), transport('a'), envelope)
  expect(closed).toHaveBeenCalledTimes(1)
  await senders.send(deployment(2), transport('a'), envelope)
  expect(closed).toHaveBeenCalledTimes(2)
  senders.close()
})
