import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import { ResponseTokens } from '../../protocol/response-token.js'
import { openRegistry, type Registry } from '../registry/open-registry.js'
import { Authenticator } from './authenticator.js'

let registry: Registry
let authenticator: Authenticator
let key: { id: string; token: string }
let agent: { id: string; token: string }
let deploymentId: string

beforeEach(async () => {
  registry = await openRegistry({ file: join(await scratchDirectory(), 'registry.db') })
  onTestFinished(() => registry.close())
  authenticator = new Authenticator(registry, new ResponseTokens([randomBytes(32)]), 0)
  deploymentId = (await registry.deployments.create({ name: 'acme-corp' })).id
  key = await registry.apiKeys.create({ name: 'test' })
  agent = await registry.agentTokens.create(deploymentId)
})

const shown = (authorization: string | undefined) => ({ authorization, address: '203.0.113.1' })

const unauthenticated = (message: string) => ({ code: 'unauthenticated', message })
const BAD_KEY = unauthenticated('the API key is not valid: it is unknown, expired or revoked')
const BAD_AGENT_TOKEN = unauthenticated('the agent token is not valid: it is unknown, expired or revoked')

describe('an API key', () => {
  test('is known, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      const caller = await authenticator.apiKey(shown(`${scheme} ${key.token}`))
      expect(caller).toMatchObject({ kind: 'api-key', tokenId: key.id, name: 'test' })
      expect(caller.access.allows('admin')).toBe(true)
    }
  })

  test('is no agent token', async () => {
    await expect(authenticator.agentToken(shown(`Bearer ${key.token}`))).rejects.toMatchObject(BAD_AGENT_TOKEN)
  })
})

describe('an agent token', () => {
  test('is known, with its deployment', async () => {
    expect(await authenticator.agentToken(shown(`Bearer ${agent.token}`))).toEqual({
      kind: 'agent-token',
      tokenId: agent.id,
      expiresAt: null,
      deployment: { id: deploymentId, name: 'acme-corp' },
      queues: new Set(),
    })
  })

  test('is no API key', async () => {
    await expect(authenticator.apiKey(shown(`Bearer ${agent.token}`))).rejects.toMatchObject(BAD_KEY)
  })
})

test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'key_without_scheme'])(
  'authorization %j is no token',
  async (authorization) => {
    await expect(authenticator.apiKey(shown(authorization))).rejects.toMatchObject(
      unauthenticated('a token is required: send the header "authorization: Bearer key_…"'),
    )
    await expect(authenticator.agentToken(shown(authorization))).rejects.toMatchObject(
      unauthenticated('a token is required: send the header "authorization: Bearer agt_…"'),
    )
  },
)

test('once told to forget, it looks again at what it trusted', async () => {
  await authenticator.apiKey(shown(`Bearer ${key.token}`))
  await authenticator.agentToken(shown(`Bearer ${agent.token}`))
  await registry.apiKeys.revoke(key.id)
  await registry.agentTokens.revoke(agent.id)
  authenticator.forget()
  await expect(authenticator.apiKey(shown(`Bearer ${key.token}`))).rejects.toMatchObject(BAD_KEY)
  await expect(authenticator.agentToken(shown(`Bearer ${agent.token}`))).rejects.toMatchObject(BAD_AGENT_TOKEN)
})
