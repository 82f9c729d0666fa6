/** How often a caller may call, and who a caller is. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import type { ControlPlane, ControlPlaneOptions } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { status } from '@grpc/grpc-js'
import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { HostileClient } from '../attack/hostile-client.js'
import { controlPlaneOfTest } from './support/control-plane.js'
import { callApi, type Answer } from './support/http.js'
import { RawAgent } from './support/raw-agent.js'

const TOKEN = 'a'.repeat(32)

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
})

afterAll(() => stack.close())

const start = (options: Partial<ControlPlaneOptions>): Promise<ControlPlane> =>
  controlPlaneOfTest(stack.state.temporalAddress, TOKEN, options)

/** Sent at the same time, for a machine may be slower than the limit. */
const manyAtOnce = (count: number, call: () => Promise<Answer>): Promise<Answer[]> =>
  Promise.all(Array.from({ length: count }, call))

const countOf = (answers: readonly Answer[], wanted: number): number =>
  answers.filter(({ status }) => status === wanted).length

/** One call in ten seconds, two at once: none comes in while a test runs. */
const SLOW = { callsPerSecond: 1 / 10 }

describe('a token that calls too often', () => {
  test('is told when to come again', async () => {
    const controlPlane = await start({ callsPerSecond: 1 })
    const answers = await manyAtOnce(8, () => callApi(controlPlane, TOKEN, 'GET', '/v1/deployments'))
    expect(countOf(answers, 200)).toBeGreaterThanOrEqual(2)
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.headers.get('retry-after')).toBe('1')
    expect(refused?.body.error).toMatchObject({
      code: 'rate_limited',
      message: expect.stringMatching(
        /^this token makes more than 1 calls a second; try again in \d+ ms, or call less often$/,
      ) as string,
    })
  })

  test('is told so in whole seconds', async () => {
    const controlPlane = await start(SLOW)
    const [, refused] = await manyAtOnce(2, () => callApi(controlPlane, TOKEN, 'GET', '/v1/deployments'))
    expect(refused?.status).toBe(429)
    expect(refused?.headers.get('retry-after')).toBe('10')
  })

  test('keeps nobody else out', async () => {
    const controlPlane = await start({ callsPerSecond: 1 })
    const { registry } = controlPlane
    const other = await registry.apiKeys.create({ name: 'other' })
    await manyAtOnce(8, () => callApi(controlPlane, TOKEN, 'GET', '/v1/deployments'))
    expect((await callApi(controlPlane, other.token, 'GET', '/v1/deployments')).status).toBe(200)
  })

  test('is held off before it can do anything, and fills no audit', async () => {
    const controlPlane = await start({ callsPerSecond: 1 })
    let count = 0
    const answers = await manyAtOnce(8, () =>
      callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: `acme-${(count += 1)}` }),
    )
    const done = countOf(answers, 201)
    expect(done + countOf(answers, 429)).toBe(8)
    expect(await controlPlane.registry.deployments.list()).toHaveLength(done)
    await expect
      .poll(async () => (await controlPlane.registry.audit.list({ deployments: ['*'], commands: ['*'] }, 100)).length)
      .toBe(done)
  })

  test('gets its answer in the end, when it is our client', async () => {
    const controlPlane = await start({ callsPerSecond: 2 })
    await controlPlane.registry.deployments.create({ name: 'acme' })
    const client = new CommandsClient({ deploymentId: 'acme', token: TOKEN, url: controlPlane.url })
    const handles = await Promise.all(Array.from({ length: 6 }, () => client.start('echo')))
    expect(new Set(handles.map(({ id }) => id)).size).toBe(6)
  })
})

describe('an agent that calls too often', () => {
  test('is told so at the gateway, in a way that does not end it, and harms no other', async () => {
    const controlPlane = await start({ agentCallsPerSecond: 1 })
    const { deployments, agentTokens } = controlPlane.registry
    const { id } = await deployments.create({ name: 'acme' })
    const agent = async () => {
      const raw = new RawAgent(controlPlane.url, (await agentTokens.create(id)).token)
      onTestFinished(() => raw.close())
      return raw
    }
    const [busy, other] = [await agent(), await agent()]
    const answers = await Promise.all(Array.from({ length: 8 }, () => busy.refusal('GetSystemInfo', {})))
    expect(answers.filter((answer) => answer === 'let through').length).toBeGreaterThanOrEqual(2)
    expect(answers.at(-1)).toEqual({
      code: status.RESOURCE_EXHAUSTED,
      details: expect.stringMatching(/^this token makes more than 1 calls a second; try again in \d+ ms$/) as string,
    })
    expect(await other.refusal('GetSystemInfo', {})).toBe('let through')
  })
})

/** Sent by an agent: as often as it takes until it is no longer told to come again. */
async function untilLetIn(controlPlane: ControlPlane, token: string): Promise<string> {
  const raw = new RawAgent(controlPlane.url, token)
  onTestFinished(() => raw.close())
  for (;;) {
    const answer = await raw.refusal('GetSystemInfo', {})
    if (answer === 'let through') return answer
    expect(answer).toEqual({ code: status.RESOURCE_EXHAUSTED, details: TOO_MANY })
    await delay(100)
  }
}

const TOO_MANY = 'this address shows too many tokens that are not valid; try again in a second'

describe('an address that shows wrong tokens', () => {
  test('is held off, and told when to come again', async () => {
    const controlPlane = await start(SLOW)
    const answers = await manyAtOnce(4, () => callApi(controlPlane, 'garbage', 'GET', '/v1/deployments'))
    expect(answers.map(({ status }) => status).sort()).toEqual([401, 429, 429, 429])
    const refused = answers.find(({ status }) => status === 429)
    expect(refused?.body.error).toMatchObject({ code: 'rate_limited', message: TOO_MANY })
    expect(refused?.headers.get('retry-after')).toBe('1')
  })

  test('is answered late, and nobody else for it', async () => {
    const controlPlane = await start(SLOW)
    await callApi(controlPlane, 'garbage', 'GET', '/v1/deployments')
    let isAnswered = false
    const refused = callApi(controlPlane, 'garbage', 'GET', '/v1/deployments').finally(() => (isAnswered = true))
    expect((await callApi(controlPlane, undefined, 'GET', '/healthz')).status).toBe(200)
    expect(isAnswered).toBe(false)
    expect((await refused).status).toBe(429)
  })

  test.each([undefined, 'garbage'])('so is one that shows %j on any route with a token', async (token) => {
    const controlPlane = await start(SLOW)
    await callApi(controlPlane, token, 'GET', '/v1/deployments')
    for (const path of ['/v1/deployments', '/v1/agent/presence?key=x']) {
      expect((await callApi(controlPlane, token, 'GET', path)).status).toBe(429)
    }
    const report = await callApi(controlPlane, token, 'PUT', '/v1/invocations/inv_echo_1/response', {})
    expect(report.status).toBe(429)
  })

  test('keeps no probe of the health from its answer', async () => {
    const controlPlane = await start(SLOW)
    await manyAtOnce(4, () => callApi(controlPlane, 'garbage', 'GET', '/v1/deployments'))
    expect((await callApi(controlPlane, undefined, 'GET', '/healthz')).status).toBe(200)
  })

  test('lets in a good API key, at the latest when our client comes again', async () => {
    const controlPlane = await start(SLOW)
    await controlPlane.registry.deployments.create({ name: 'acme' })
    await manyAtOnce(4, () => callApi(controlPlane, 'garbage', 'GET', '/v1/deployments'))
    const client = new CommandsClient({ deploymentId: 'acme', token: TOKEN, url: controlPlane.url })
    expect((await client.start('echo')).id).toMatch(/^inv_echo_/)
  })

  test('lets in a good agent token too, and at the gateway is told nothing that ends an agent', async () => {
    const controlPlane = await start(SLOW)
    const { id } = await controlPlane.registry.deployments.create({ name: 'acme' })
    const { token } = await controlPlane.registry.agentTokens.create(id)
    const stranger = new RawAgent(controlPlane.url, 'agt_nobody')
    onTestFinished(() => stranger.close())
    const refusals = []
    for (let time = 0; time < 3; time += 1) refusals.push(await stranger.refusal('GetSystemInfo', {}))
    expect(refusals.map((refusal) => (refusal as { code: status }).code)).toEqual([
      status.UNAUTHENTICATED,
      status.RESOURCE_EXHAUSTED,
      status.RESOURCE_EXHAUSTED,
    ])
    expect(await untilLetIn(controlPlane, token)).toBe('let through')
  })
})

describe('an address that needs no token', () => {
  test('is held off from what is public, and from nothing else', async () => {
    const controlPlane = await start(SLOW)
    const answers = await manyAtOnce(2, () => callApi(controlPlane, undefined, 'GET', '/healthz'))
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 429])
    expect(answers.find(({ status }) => status === 429)?.body.error.message).toMatch(
      /^this address makes more than 0.1 calls a second; try again in \d+ ms, or call less often$/,
    )
    expect((await callApi(controlPlane, TOKEN, 'GET', '/v1/deployments')).status).toBe(200)
  })

  const forwarded = async (controlPlane: ControlPlane, address: string): Promise<number> =>
    (await fetch(`${controlPlane.url}/healthz`, { headers: { 'x-forwarded-for': address } })).status

  test('is that of the connection, whatever the caller says', async () => {
    const controlPlane = await start(SLOW)
    expect(await forwarded(controlPlane, '203.0.113.1')).toBe(200)
    expect(await forwarded(controlPlane, '203.0.113.2')).toBe(429)
  })

  test.each(['1', 'loopback'])('is what a trusted proxy says (%s)', async (trustProxy) => {
    const controlPlane = await start({ ...SLOW, trustProxy })
    expect(await forwarded(controlPlane, '203.0.113.1')).toBe(200)
    expect(await forwarded(controlPlane, '203.0.113.2')).toBe(200)
    expect(await forwarded(controlPlane, '203.0.113.1')).toBe(429)
    // The last is what the proxy wrote; those before it are the caller's own.
    expect(await forwarded(controlPlane, '203.0.113.9, 203.0.113.2')).toBe(429)
    await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: 'acme' })
  })

  test.each([
    [undefined, '127.0.0.1'],
    ['1', '203.0.113.2'],
  ])('is so at the gateway, too (%s)', async (trustProxy, address) => {
    const controlPlane = await start({ trustProxy })
    const { body } = await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: 'acme' })
    const agent = new HostileClient(new URL(controlPlane.url).host, body.agentToken as string)
    onTestFinished(() => agent.close())
    const metadata = { 'x-forwarded-for': '203.0.113.9, 203.0.113.2' }
    expect((await agent.call({ method: 'StartWorkflowExecution', metadata })).code).toBe('PERMISSION_DENIED')
    const audit = await callApi(controlPlane, TOKEN, 'GET', '/v1/audit?action=gateway.call')
    expect(audit.body.records).toMatchObject([{ method: 'StartWorkflowExecution', address }])
  })

  test('no proxies are trusted that are none', async () => {
    await expect(start({ trustProxy: 'true' })).rejects.toMatchObject({
      code: 'invalid_request',
      message: 'trusted proxies "true" must be how many there are, or their addresses, like "10.0.0.0/8, loopback"',
    })
  })
})

test('there is no limit for 0', async () => {
  const controlPlane = await start({ callsPerSecond: 0 })
  const answers = await manyAtOnce(300, () => callApi(controlPlane, undefined, 'GET', '/healthz'))
  expect(countOf(answers, 200)).toBe(300)
})
