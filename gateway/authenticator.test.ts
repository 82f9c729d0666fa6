import { Metadata, status } from '@grpc/grpc-js'
import { beforeEach, expect, test } from 'vitest'
import { CommandError } from '../protocol/errors.js'
import type { Agent } from './agent.js'
import { authenticate } from './authenticator.js'

const agent: Agent = { tokenId: 'agtid_1', deployment: { id: 'dep_a', name: 'acme-corp' }, queues: new Set() }

let asked: string[]
let answer: () => Promise<Agent | undefined>

beforeEach(() => {
  asked = []
  answer = () => Promise.resolve(agent)
})

const ask = (kind: string) => (token: string, address?: string) => {
  asked.push([kind, token, ...(address === undefined ? [] : ['from', address])].join(' '))
  return answer()
}

const authenticateWith = (...values: string[]) => {
  const metadata = new Metadata()
  for (const value of values) metadata.add('authorization', value)
  return authenticate({ get: ask('get'), getNow: ask('getNow') }, metadata, '203.0.113.1')
}

const UNAUTHENTICATED = { code: status.UNAUTHENTICATED, message: 'the agent token is not valid' }
const UNAVAILABLE = { code: status.UNAVAILABLE, message: 'the registry cannot be reached' }

test('a good token says who calls, and can be looked at again', async () => {
  const { agent: caller, recheck } = await authenticateWith('bearer agt_good')
  expect(caller).toBe(agent)
  answer = () => Promise.resolve(undefined)
  expect(await recheck()).toBeUndefined()
  expect(asked).toStrictEqual(['get agt_good from 203.0.113.1', 'getNow agt_good'])
})

test('a token that nobody has is refused', async () => {
  answer = () => Promise.resolve(undefined)
  await expect(authenticateWith('Bearer agt_bad')).rejects.toMatchObject(UNAUTHENTICATED)
})

test.each([[[]], [['agt_good']], [['Basic agt_good']], [['Bearer ']], [['Bearer agt_good', 'Bearer agt_good']]])(
  'authorization %j is no token, and nobody is asked',
  async (values) => {
    await expect(authenticateWith(...values)).rejects.toMatchObject(UNAUTHENTICATED)
    expect(asked).toStrictEqual([])
  },
)

test('a token too long to be one is none', async () => {
  await expect(authenticateWith(`Bearer ${'x'.repeat(513)}`)).rejects.toMatchObject(UNAUTHENTICATED)
  expect(asked).toStrictEqual([])
})

test('nobody is asked for an address with too many wrong tokens, which may pass', async () => {
  answer = () => Promise.reject(new CommandError('rate_limited', 'too many'))
  await expect(authenticateWith('Bearer agt_good')).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    message: 'too many',
  })
})

test('a registry that is down is trouble that may pass', async () => {
  const { recheck } = await authenticateWith('Bearer agt_good')
  answer = () => Promise.reject(new Error('no connection'))
  await expect(authenticateWith('Bearer agt_good')).rejects.toMatchObject(UNAVAILABLE)
  await expect(recheck()).rejects.toMatchObject(UNAVAILABLE)
})
