import { Metadata, status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Agent } from './agent.js'
import { Authenticator } from './authenticator.js'

const agent: Agent = { tokenId: 'agtid_1', deployment: { id: 'dep_a', name: 'acme-corp' }, queues: new Set() }

let asked: string[]
let find: (token: string) => Promise<Agent | undefined>
let authenticator: Authenticator

beforeEach(() => {
  vi.useFakeTimers()
  asked = []
  find = (token) => Promise.resolve(token === 'agt_good' ? agent : undefined)
  authenticator = new Authenticator((token) => {
    asked.push(token)
    return find(token)
  })
})
afterEach(() => void vi.useRealTimers())

const authenticate = (...values: string[]) => {
  const metadata = new Metadata()
  for (const value of values) metadata.add('authorization', value)
  return authenticator.authenticate(metadata)
}

const UNAUTHENTICATED = { code: status.UNAUTHENTICATED, message: 'the agent token is not valid' }

test('a token that is good is trusted for 2 s', async () => {
  expect((await authenticate('Bearer agt_good')).agent).toBe(agent)
  vi.advanceTimersByTime(1_999)
  await authenticate('bearer agt_good')
  expect(asked).toStrictEqual(['agt_good'])
  vi.advanceTimersByTime(1)
  find = () => Promise.resolve(undefined)
  await expect(authenticate('Bearer agt_good')).rejects.toMatchObject(UNAUTHENTICATED)
  await expect(authenticate('Bearer agt_good')).rejects.toMatchObject(UNAUTHENTICATED)
  expect(asked).toHaveLength(3)
})

test.each([[[]], [['agt_good']], [['Basic agt_good']], [['Bearer ']], [['Bearer agt_good', 'Bearer agt_good']]])(
  'authorization %j is no token, and nobody is asked',
  async (values) => {
    await expect(authenticate(...values)).rejects.toMatchObject(UNAUTHENTICATED)
    expect(asked).toStrictEqual([])
  },
)

test('a token too long to be one is none', async () => {
  await expect(authenticate(`Bearer ${'x'.repeat(513)}`)).rejects.toMatchObject(UNAUTHENTICATED)
  expect(asked).toStrictEqual([])
})

test('a registry that is down is trouble that may pass, and ends nothing that is trusted', async () => {
  await authenticate('Bearer agt_good')
  find = () => Promise.reject(new Error('no connection'))
  expect((await authenticate('Bearer agt_good')).agent).toBe(agent)
  vi.advanceTimersByTime(2_000)
  await expect(authenticate('Bearer agt_good')).rejects.toMatchObject({
    code: status.UNAVAILABLE,
    message: 'the registry cannot be reached',
  })
})
