import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { PresenceWatch } from './agent-presence.js'
import { openRegistry } from './registry/open-registry.js'

test('an agent beyond those that are watched is not called deaf, which would make it dial again for good', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'alien-presence-'))
  const registry = await openRegistry({ file: join(folder, 'registry.db') })
  const presence = new PresenceWatch(registry.agents, { warn: () => undefined })
  onTestFinished(async () => {
    await presence.close()
    await registry.close()
    await rm(folder, { recursive: true })
  })
  const { id: deploymentId } = await registry.deployments.create({ name: 'acme' })
  const { id: tokenId } = await registry.agentTokens.create(deploymentId)
  const agent = (at: number) => ({ deploymentId, tokenId, key: `agent-${at}`, host: '', version: '' })
  for (let at = 0; at < 99; at += 1) presence.polls(agent(at))
  expect(await presence.isReceiving(agent(200))).toBe(false)
  for (let at = 99; at < 101; at += 1) presence.polls(agent(at))
  expect(await presence.isReceiving(agent(100))).toBe(true)
  expect(await presence.isReceiving({ deploymentId: 'dep_other', key: 'agent-1' })).toBe(false)
})
