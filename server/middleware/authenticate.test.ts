import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import { openRegistry, type Registry } from '../registry/open-registry.js'
import { authenticatedDeployment, requireAgentToken, requireApiKey } from './authenticate.js'
import { testApp } from './test-app.testsuite.js'

let registry: Registry
let url: string
let key: string
let agentToken: string
let deploymentId: string

beforeEach(async () => {
  registry = await openRegistry({ file: join(await scratchDirectory(), 'registry.db') })
  onTestFinished(() => registry.close())
  deploymentId = (await registry.deployments.create({ name: 'acme-corp' })).id
  key = (await registry.apiKeys.create({ name: 'test' })).token
  agentToken = (await registry.agentTokens.create(deploymentId)).token
  const app = await testApp((routes) => {
    routes.get('/vendor', requireApiKey(registry), (_, response) => response.json('in'))
    routes.get('/agent', requireAgentToken(registry), (_, response) => response.json(authenticatedDeployment(response)))
  })
  url = app.url
})

async function get(path: string, authorization?: string): Promise<{ status: number; body: unknown }> {
  const headers = { 'x-request-id': 'req-1', ...(authorization === undefined ? {} : { authorization }) }
  const response = await fetch(url + path, { headers })
  return { status: response.status, body: await response.json() }
}

const unauthenticated = (message: string) => ({
  status: 401,
  body: { error: { code: 'unauthenticated', message, requestId: 'req-1' } },
})

describe('an API key', () => {
  test('opens the vendor side, whatever the case of the scheme', async () => {
    for (const scheme of ['Bearer', 'bearer', 'BEARER']) {
      expect(await get('/vendor', `${scheme} ${key}`)).toEqual({ status: 200, body: 'in' })
    }
  })

  test('does not open the side of the agents', async () => {
    expect(await get('/agent', `Bearer ${key}`)).toEqual(
      unauthenticated('the agent token is not valid: it is unknown, expired or revoked'),
    )
  })
})

describe('an agent token', () => {
  test('opens the side of the agents, as its own deployment', async () => {
    expect(await get('/agent', `Bearer ${agentToken}`)).toEqual({ status: 200, body: deploymentId })
  })

  test('does not open the vendor side', async () => {
    expect(await get('/vendor', `Bearer ${agentToken}`)).toEqual(
      unauthenticated('the API key is not valid: it is unknown, expired or revoked'),
    )
  })

  test('opens nothing once it is revoked', async () => {
    await registry.agentTokens.revokeAll(deploymentId)
    expect((await get('/agent', `Bearer ${agentToken}`)).status).toBe(401)
  })
})

test.each([undefined, '', 'Bearer', 'Bearer ', 'Basic dXNlcjpwYXNz', 'key_without_scheme'])(
  'authorization %j is no token',
  async (authorization) => {
    expect(await get('/vendor', authorization)).toEqual(
      unauthenticated('a token is required: send the header "authorization: Bearer key_…"'),
    )
    expect(await get('/agent', authorization)).toEqual(
      unauthenticated('a token is required: send the header "authorization: Bearer agt_…"'),
    )
  },
)
