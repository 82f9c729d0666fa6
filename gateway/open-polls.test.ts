import { status } from '@grpc/grpc-js'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Agent } from './agent.js'
import { OpenPolls } from './open-polls.js'

const agentOf = (deploymentId: string, tokenId = 'agtid_1'): Agent => ({
  tokenId,
  deployment: { id: deploymentId, name: deploymentId },
  queues: new Set(),
})
const agent = agentOf('dep_a')

let polls: OpenPolls

beforeEach(() => {
  polls = new OpenPolls({ perAgent: 2, perDeployment: 5 }, (ids) => Promise.resolve(new Set(ids)))
  onTestFinished(() => polls.drain())
})

const exhausted = (message: string) => expect.objectContaining({ code: status.RESOURCE_EXHAUSTED, message }) as Error

test('an agent holds no more polls than it may, and another as many', () => {
  polls.open(agent, 'one')
  const second = polls.open(agent, 'one')
  expect(() => polls.open(agent, 'one')).toThrow(exhausted('this agent may hold 2 polls at once'))
  polls.open(agent, 'other')
  second.close()
  polls.open(agent, 'one')
})

test('an agent by many names, and with many tokens, holds no more than its deployment may, and harms no other', () => {
  for (let name = 0; name < 5; name += 1) polls.open(agentOf('dep_a', `agtid_${name}`), `name ${name}`)
  expect(() => polls.open(agent, 'another')).toThrow(
    exhausted('the agents of this deployment may hold 5 polls at once'),
  )
  polls.open(agentOf('dep_b'), 'name 0')
})

test('a farewell ends the polls of that worker of that deployment, and no others', () => {
  const [own, other] = [polls.open(agent, 'one'), polls.open(agent, 'other')]
  const foreign = polls.open(agentOf('dep_b'), 'one')
  polls.endOf(agent, 'one')
  expect([own, other, foreign].map(({ endedBy }) => endedBy)).toEqual(['farewell', undefined, undefined])
})
