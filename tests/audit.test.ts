/** What the audit has of every route that changes something, and what it must not have. */
import { startControlPlane, type ControlPlane } from '@alienplatform/sdk/server'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import type { AuditRecord } from '../protocol/audit.js'
import { openRegistry } from '../server/registry/open-registry.js'
import type { Route } from '../server/route.js'
import { plainTemporal } from '../temporal/settings.js'
import { AlienProcess } from './support/alien-process.js'
import { alien, type CliAnswer } from './support/cli.js'
import { eventually } from './support/eventually.js'
import { callRoute, makeTarget, NOWHERE, routesThat, type Target } from './support/every-route.js'
import { callApi, type Answer } from './support/http.js'

let stack: TestStack
let readKey: { id: string; token: string }
let elsewhereKey: { id: string; token: string }

const admin = (method: string, path: string, body?: unknown): Promise<Answer> =>
  callApi(stack.state, stack.state.token, method, path, body)

const makeKey = async (name: string, rights: object): Promise<{ id: string; token: string }> =>
  (await admin('POST', '/v1/tokens', { kind: 'api-key', name, ...rights })).body

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: ['initech'] })
  readKey = await makeKey('looks only', { scopes: ['read'] })
  elsewhereKey = await makeKey('elsewhere', { scopes: ['admin'], deployments: ['nowhere-*'] })
})

afterAll(() => stack.close())

/** The one record of a call, beside that of a token which it made. */
async function recordOf({ headers }: Answer): Promise<AuditRecord | undefined> {
  const { body } = await admin('GET', '/v1/audit?limit=20')
  const records = (body.records as AuditRecord[]).filter(({ requestId }) => requestId === headers.get('x-request-id'))
  const [first, ...others] = records.sort((one) => (one.action === 'tokens.create' ? 1 : -1))
  expect(others.map(({ action }) => `${first?.action ?? ''}, ${action}`)).toEqual(
    others.map(() => 'tokens.rotate, tokens.create'),
  )
  return first
}

function invocationOf(route: Route, { body }: Answer): unknown {
  switch (actionOf(route)) {
    case 'invocations.create':
      return body.id
    case 'invocations.cancel':
      return body.invocation.id
    default:
      return null
  }
}

const actionOf = (route: Route): string => ('action' in route ? route.action : '')
const isMutating = (route: Route): boolean => 'mutates' in route && route.mutates
const isMutatingByKey = (route: Route): boolean => route.credential === 'api-key' && route.mutates
/** About what all deployments share. */
const isShared = (route: Route): boolean => route.credential === 'api-key' && route.everyDeployment === true
const credentialOf = (route: Route, { agentToken }: Target): string =>
  route.credential === 'agent-token' ? agentToken : stack.state.token

describe('a route', () => {
  test.each(routesThat(isMutating))('%s leaves a record when it is done', async (_name, route) => {
    const target = await makeTarget(stack.state, 'acme')
    const answer = await callRoute(stack.state, credentialOf(route, target), route, target)
    const record = await recordOf(answer)
    expect(record).toEqual({
      id: expect.stringMatching(/^aud_[0-9a-f]{26}$/) as string,
      at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      actor:
        route.credential === 'agent-token'
          ? { kind: 'agent-token', id: target.agentTokenId, deploymentId: target.id }
          : { kind: 'api-key', id: expect.stringMatching(/^keyid_/) as string, name: 'development' },
      address: '127.0.0.1',
      method: route.method,
      action: actionOf(route),
      deploymentId: isShared(route) ? null : (expect.stringMatching(/^dep_/) as string),
      deploymentName: isShared(route) ? null : (expect.stringMatching(/^acme-/) as string),
      command: actionOf(route) === 'invocations.create' ? 'generate-report' : null,
      invocationId: invocationOf(route, answer),
      tokenId: /^tokens\.|^deployments\.create$/.test(actionOf(route))
        ? (expect.stringMatching(/^agtid_/) as string)
        : null,
      outcome: 'done',
      status: answer.status,
      code: null,
      requestId: answer.headers.get('x-request-id'),
      calls: 1,
    })
  })

  test.each(routesThat(isMutatingByKey))('%s leaves a record when the scope excludes it', async (_name, route) => {
    const target = await makeTarget(stack.state, 'acme')
    const answer = await callRoute(stack.state, readKey.token, route, target)
    expect(await recordOf(answer)).toMatchObject({
      actor: { id: readKey.id, name: 'looks only' },
      action: actionOf(route),
      outcome: 'denied',
      status: 403,
      code: 'permission_denied',
    })
  })

  test.each(routesThat(isMutatingByKey))('%s leaves a record when the target is foreign', async (_name, route) => {
    const target = await makeTarget(stack.state, 'acme')
    const answer = await callRoute(stack.state, elsewhereKey.token, route, target)
    expect(await recordOf(answer)).toMatchObject({
      actor: { id: elsewhereKey.id },
      deploymentName: isShared(route) ? null : (expect.stringMatching(/^acme-/) as string),
      outcome: 'denied',
      status: answer.status,
      code: answer.body.error.code,
    })
  })

  test.each(routesThat((route) => isMutatingByKey(route) && !isShared(route) && route.path !== '/v1/deployments'))(
    '%s leaves a record when there is no such thing',
    async (_name, route) => {
      const answer = await callRoute(stack.state, stack.state.token, route, NOWHERE)
      expect(answer.status).toBe(404)
      expect(await recordOf(answer)).toMatchObject({
        deploymentId: null,
        deploymentName: actionOf(route).match(/revoke|rotate|cancel/) ? null : 'nowhere',
        outcome: 'failed',
        status: 404,
        code: answer.body.error.code,
      })
    },
  )

  test.each(routesThat((route) => isMutating(route) && route.method === 'POST'))(
    '%s leaves a record when the body is none',
    async (_name, route) => {
      const target = await makeTarget(stack.state, 'acme')
      const path = route.path.replace(':id', target.agentTokenId)
      const answer = await callApi(stack.state, credentialOf(route, target), 'POST', path, '{"password": "hunter2"')
      expect(answer.status).toBe(400)
      expect(await recordOf(answer)).toMatchObject({ outcome: 'failed', status: 400, code: 'invalid_request' })
    },
  )

  test.each(routesThat((route) => route.credential === 'api-key' && !route.mutates))(
    '%s leaves a record only when it is denied',
    async (_name, route) => {
      const target = await makeTarget(stack.state, 'acme')
      expect(await recordOf(await callRoute(stack.state, stack.state.token, route, target))).toBeUndefined()
      const answer = await callRoute(stack.state, elsewhereKey.token, route, target)
      if (answer.status === 200) return
      expect(await recordOf(answer)).toMatchObject({ deploymentId: target.id, outcome: 'denied', status: 404 })
    },
  )

  test.each(routesThat(isMutating))('%s leaves none of a caller that nobody knows', async (_name, route) => {
    expect(await recordOf(await callRoute(stack.state, 'garbage', route, NOWHERE))).toBeUndefined()
  })
})

test('no payload and no token is ever in it', async () => {
  const target = await makeTarget(stack.state, 'acme')
  await admin('POST', '/v1/invocations', {
    deployment: target.name,
    command: 'generate-report',
    params: { password: 'hunter2' },
    idempotencyKey: 'hunter2',
  })
  // Claims that are no names are not taken down.
  await admin('POST', '/v1/invocations', { deployment: 'Hunter2!', command: 'hunter2 ', id: 'hunter2' })
  await admin('DELETE', '/v1/tokens/hunter2')
  let text = ''
  for (let cursor = ''; ;) {
    const { body } = await admin('GET', `/v1/audit?limit=1000${cursor}`)
    text += JSON.stringify(body)
    if (body.cursor === undefined) break
    cursor = `&cursor=${body.cursor}`
  }
  expect(text).toContain(target.invocationId)
  expect(text.toLowerCase()).not.toContain('hunter2')
  for (const secret of [stack.state.token, target.agentToken, readKey.token]) expect(text).not.toContain(secret)
})

describe('GET /v1/audit', () => {
  test.each([
    ['limit=0', 'limit: 0 must be a whole number from 1 to 1000'],
    ['limit=1001', 'limit: 1001 must be a whole number from 1 to 1000'],
    ['from=yesterday', 'from: must be a date or a time, like "2030-01-31T12:00:00Z"'],
    ['actor=', 'actor: must be 1 to 100 characters, none of them a control character'],
    ['deployment=%00', 'deployment: must be 1 to 100 characters, none of them a control character'],
    ['cursor=x', 'cursor: not one that a list of records gave'],
    ['who=me', 'Unrecognized key: "who"'],
  ])('refuses %s', async (query, why) => {
    const { status, body } = await admin('GET', `/v1/audit?${query}`)
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'invalid_request', message: `bad query: ${why}` })
  })
})

describe('alien audit export', () => {
  const run = (...args: string[]): Promise<CliAnswer> =>
    alien(['audit', 'export', ...args], {
      cwd: tmpdir(),
      env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token },
    })

  const lines = ({ stdout }: CliAnswer): AuditRecord[] =>
    stdout.split('\n').map((line) => JSON.parse(line) as AuditRecord)

  test('prints a record a line, newest first, filtered', async () => {
    const target = await makeTarget(stack.state, 'umbrella')
    const answer = await run('--deployment', target.name)
    expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
    expect(lines(answer).map(({ action }) => action)).toEqual([
      'invocations.create',
      'tokens.create',
      'deployments.create',
    ])
    expect(lines(await run('--deployment', target.id, '--limit', '2'))).toHaveLength(2)
    expect(lines(await run('--deployment', target.id, '--action', 'tokens.create'))).toHaveLength(1)
    expect((await run('--deployment', target.id, '--to', '2020-01-01')).stdout).toBe('')
    expect(lines(await run('--deployment', target.id, '--from', '2020-01-01'))).toHaveLength(3)
    expect(lines(await run('--actor', 'looks only', '--limit', '1'))[0]?.actor.id).toBe(readKey.id)
    const denied = lines(await run('--outcome', 'denied'))
    expect(new Set(denied.map(({ outcome }) => outcome))).toEqual(new Set(['denied']))
    expect((await run('--deployment', target.id, '--outcome', 'denied')).stdout).toBe('')
    expect(lines(await run('--deployment', target.id, '--insecure-plaintext'))).toHaveLength(3)
  })

  test('goes on over all pages', async () => {
    const { name } = await makeTarget(stack.state, 'many')
    const body = { deployment: name, command: 'not a name' }
    for (let round = 0; round < 21; round += 1) {
      await Promise.all(Array.from({ length: 50 }, () => admin('POST', '/v1/invocations', body)))
    }
    const ids = lines(await run('--deployment', name)).map(({ id }) => id)
    expect(ids).toHaveLength(3 + 1_050)
    expect(ids).toEqual([...new Set(ids)].sort().reverse())
  })

  test('refuses a limit that is none', async () => {
    expect(await run('--limit', '0')).toEqual({
      exitCode: 2,
      stdout: '',
      stderr: 'error invalid_request: --limit "0" must be a whole number of at least 1',
    })
  })
})

const TOKEN = 'a'.repeat(32)

async function start(file: string): Promise<ControlPlane> {
  return startControlPlane({
    host: '127.0.0.1',
    port: 0,
    registry: { file },
    apiKey: { name: 'operator', token: TOKEN },
    temporal: plainTemporal(stack.state.temporalAddress, 'default'),
    vendorWorker: false,
    log: pino({ level: 'silent' }),
  })
}

describe('a record', () => {
  let folder: string
  let controlPlane: ControlPlane

  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'alien-audit-'))
    controlPlane = await start(join(folder, 'registry.db'))
  })

  afterAll(async () => {
    await controlPlane.close()
    await rm(folder, { recursive: true, force: true })
  })

  const written = () => controlPlane.registry.audit.list({ deployments: ['*'], commands: ['*'] }, 1_000)

  test.each(routesThat((route) => isMutating(route) && actionOf(route) !== 'invocations.create'))(
    'of %s is written before the answer is sent',
    async (_name, route) => {
      const state = { ...stack.state, url: controlPlane.url, token: TOKEN }
      const target = await makeTarget(state, 'acme')
      const { headers } = await callRoute(state, isMutatingByKey(route) ? TOKEN : target.agentToken, route, target)
      const requestIds = (await written()).map(({ requestId }) => requestId)
      expect(requestIds).toContain(headers.get('x-request-id'))
    },
  )

  test('of a call that failed, too', async () => {
    const { status, headers } = await callApi(controlPlane, TOKEN, 'DELETE', '/v1/deployments/nowhere')
    expect(status).toBe(404)
    expect((await written())[0]).toMatchObject({ requestId: headers.get('x-request-id'), outcome: 'failed' })
  })

  test('names the new token of a rotation, beside one of the old', async () => {
    const { body: old } = await callApi(controlPlane, TOKEN, 'POST', '/v1/tokens', {
      kind: 'api-key',
      name: 'ci',
      scopes: ['read'],
    })
    const { body: rotated, headers } = await callApi(controlPlane, TOKEN, 'POST', `/v1/tokens/${old.id}/rotate`, {})
    const records = (await written()).filter(({ requestId }) => requestId === headers.get('x-request-id'))
    expect(records.map(({ action, tokenId }) => `${action} ${tokenId}`).sort()).toEqual([
      `tokens.create ${rotated.id}`,
      `tokens.rotate ${old.id}`,
    ])
  })

  test('of a session is left of those that changed something, not of each', async () => {
    const { body } = await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: 'asks-often' })
    const session = (name: string) =>
      callApi(controlPlane, body.agentToken, 'POST', '/v1/agent/session', { commands: [{ name, policy: {} }] })
    const answers = []
    for (const name of ['one', 'one', 'one', 'two', 'two']) answers.push(await session(name))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200, 200, 200])
    const sessions = (await written()).filter(({ deploymentName }) => deploymentName === 'asks-often')
    expect(sessions.map(({ action, requestId }) => [action, requestId])).toEqual([
      ['agent.session', answers[3]?.headers.get('x-request-id')],
      ['agent.session', answers[0]?.headers.get('x-request-id')],
      ['deployments.create', expect.anything()],
    ])
  })
})

describe('a control plane that is told to stop', () => {
  test('loses no record, of calls that are held neither', async () => {
    const file = join(await scratchDirectory(), 'registry.db')
    const controlPlane = await start(file)
    await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: 'acme' })
    const held = callApi(controlPlane, TOKEN, 'POST', '/v1/invocations', {
      deployment: 'acme',
      command: 'generate-report',
      id: 'inv_held-0123456789abcdef',
      wait: '50s',
    })
    await expect
      .poll(async () => (await callApi(controlPlane, TOKEN, 'GET', '/v1/invocations/inv_held-0123456789abcdef')).status)
      .toBe(202)
    await controlPlane.close()
    expect((await held).status).toBe(202)

    const registry = await openRegistry({ file })
    const records = await registry.audit.list({ deployments: ['*'], commands: ['*'] }, 10)
    await registry.close()
    expect(records.map(({ action, status }) => [action, status])).toEqual([
      ['invocations.create', 202],
      ['deployments.create', 201],
    ])
  })
})

test('a control plane that is killed has the record of every change that it answered', async () => {
  const folder = await scratchDirectory()
  await using server = new AlienProcess(['server', '--port', '0', '--no-worker'], {
    TEMPORAL_ADDRESS: stack.state.temporalAddress,
    ALIEN_STATE_DIR: folder,
    ALIEN_API_KEY: TOKEN,
  })
  const url = await eventually('it listens', () => /"url":"([^"]+)"/.exec(server.stderr)?.[1], 60_000)
  const calls = []
  for (const [, route] of routesThat((one) => 'mutates' in one && one.mutates && one.audit !== 'beside')) {
    const target = await makeTarget({ url, token: TOKEN }, 'killed')
    calls.push({ route, token: route.credential === 'api-key' ? TOKEN : target.agentToken, target })
  }
  const answers = await Promise.all(calls.map(({ route, token, target }) => callRoute({ url }, token, route, target)))
  await server.stop('SIGKILL')

  expect(answers.length).toBeGreaterThan(5)
  const registry = await openRegistry({ file: join(folder, 'registry.db') })
  const records = await registry.audit.list({ deployments: ['*'], commands: ['*'] }, 1_000)
  await registry.close()
  const recorded = new Set(records.map(({ requestId }) => requestId))
  const lost = answers.filter(({ headers }) => !recorded.has(headers.get('x-request-id') ?? ''))
  expect(lost).toEqual([])
})
