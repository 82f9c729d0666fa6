/** Every route of the table, with every kind of token, on what is the caller's own and on what is not. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { Router, type Express } from 'express'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { ResponseTokens } from '../protocol/response-token.js'
import { SCOPES, includesScope, type Scope } from '../protocol/rights.js'
import { openRegistry } from '../server/registry/open-registry.js'
import type { Route } from '../server/route.js'
import { ROUTES } from '../server/route-table.js'
import { bareApp } from './support/bare-app.js'
import { eventually } from './support/eventually.js'
import { callRoute, makeTarget, nameOf, NOWHERE, routesThat, traces, type Target } from './support/every-route.js'
import { callApi, type Answer } from './support/http.js'

let stack: TestStack

const admin = (method: string, path: string, body?: unknown): Promise<Answer> =>
  callApi(stack.state, stack.state.token, method, path, body)

const makeKey = async (rights: object): Promise<string> =>
  String((await admin('POST', '/v1/tokens', { kind: 'api-key', name: 'test', ...rights })).body.token)

/** Routes about all that a key covers. What is not covered is left out; there is nothing to refuse. */
const LISTS = new Set(['GET /v1/deployments', 'GET /v1/tokens', 'GET /v1/tokens/self', 'GET /v1/audit'])

/** About what all deployments share. */
const isShared = (route: Route): boolean => route.credential === 'api-key' && route.everyDeployment === true

/** Answers that are refusals by the name alone, whether there is such a thing or not. */
const REFUSED_BY_NAME = new Set(['POST /v1/deployments'])

const callWith = (token: string | undefined, route: Route, target: Target): Promise<Answer> =>
  callRoute(stack.state, token, route, target)

/** Bodies but for what differs by chance, or repeats what the caller said. */
const anonymous = ({ status, body }: Answer, { name, id, agentTokenId, invocationId }: Target): string =>
  JSON.stringify({ status, body: { ...body, error: { ...body?.error, requestId: '' } } }).replaceAll(
    new RegExp([invocationId, agentTokenId, id, name].join('|'), 'g'),
    'IT',
  )

let own: Target
let foreign: Target
let responseTokens: ResponseTokens

/** Of a run that is over, as far as anybody knows. */
const workflowRunId = '0198c0de-0000-7000-8000-000000000000'

const responseTokenOf = ({ invocationId }: Target): string =>
  responseTokens.issue({ invocationId, attempt: 1, workflowRunId, expiresAtMs: Date.now() + 60_000 })

const badTokens: Record<string, string | undefined> = {}
const ownKeys = new Map<Scope, string>()
const foreignKeys = new Map<Scope, string>()
const allKeys = new Map<Scope, string>()

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: ['initech'] })
  own = await makeTarget(stack.state, 'own')
  foreign = await makeTarget(stack.state, 'foreign')
  const registry = await openRegistry({ file: stack.registryFile })
  responseTokens = new ResponseTokens(await registry.sealingKeys.all())
  await registry.close()
  for (const scope of SCOPES) {
    allKeys.set(scope, await makeKey({ scopes: [scope] }))
    ownKeys.set(scope, await makeKey({ scopes: [scope], deployments: ['own-*'] }))
    foreignKeys.set(scope, await makeKey({ scopes: [scope], deployments: ['foreign-*', foreign.id] }))
  }
  const revoked = await admin('POST', '/v1/tokens', { kind: 'api-key', name: 'revoked', scopes: ['admin'] })
  await admin('DELETE', `/v1/tokens/${revoked.body.id}`)
  const revokedAgent = await admin('POST', '/v1/tokens', { kind: 'agent-token', deployment: own.name })
  await admin('DELETE', `/v1/tokens/${revokedAgent.body.id}`)
  const expiredAgent = await admin('POST', '/v1/tokens', { kind: 'agent-token', deployment: own.name, expires: 1 })
  Object.assign(badTokens, {
    none: undefined,
    empty: '',
    garbage: 'garbage',
    'unknown key': `key_${'x'.repeat(43)}`,
    'unknown agent token': `agt_${'x'.repeat(43)}`,
    'expired key': await makeKey({ scopes: ['admin'], expires: 1 }),
    'expired agent token': expiredAgent.body.token,
    'revoked key': revoked.body.token,
    'revoked agent token': revokedAgent.body.token,
    'a token and a half': `${stack.state.token}x`,
    'response token of another invocation': responseTokenOf(foreign),
  })
  // Visibility follows the truth with a delay.
  await eventually('both invocations are listed', async () => {
    const { body } = await admin('GET', '/v1/invocations')
    return body.invocations.length >= 2 ? true : undefined
  })
})

afterAll(() => stack.close())

const CREDENTIALS = {
  'api-key': ['API key', 'key', 'revoked'],
  'agent-token': ['agent token', 'agt', 'revoked'],
  'response-token': ['response token', 'rsp', 'of another invocation'],
} as const

describe('without a good token', () => {
  test.each(routesThat(({ credential }) => credential !== 'public'))(
    '%s answers the same to each',
    async (_name, route) => {
      const [expectedKind, prefix, wrong] = CREDENTIALS[route.credential as keyof typeof CREDENTIALS]
      const wrongKind = route.credential === 'agent-token' ? stack.state.token : own.agentToken
      const tokens: Record<string, string | undefined> = { ...badTokens, 'the other kind': wrongKind }
      if (route.credential !== 'response-token') tokens['response token of this invocation'] = responseTokenOf(own)
      for (const [what, token] of Object.entries(tokens)) {
        const { status, headers, body } = await callWith(token, route, own)
        const message =
          token === undefined || token === ''
            ? `a token is required: send the header "authorization: Bearer ${prefix}_…"`
            : `the ${expectedKind} is not valid: it is unknown, expired or ${wrong}`
        expect({ what, status, body }).toEqual({
          what,
          status: 401,
          body: { error: { code: 'unauthenticated', message, requestId: headers.get('x-request-id') } },
        })
      }
    },
  )

  test('GET /healthz and GET /readyz are all that answers', () => {
    const open = routesThat(({ credential }) => credential === 'public')
    expect(open.map(([name]) => name)).toEqual(['GET /healthz', 'GET /readyz'])
  })

  test.each(routesThat(({ credential }) => credential === 'public'))('%s answers', async (_name, route) => {
    expect((await callWith(undefined, route, own)).status).toBe(200)
  })
})

describe('an agent token', () => {
  test.each(routesThat(({ credential }) => credential === 'agent-token'))(
    '%s is about its own deployment, whatever is asked',
    async (_name, route) => {
      const { status, body } = await callWith(own.agentToken, route, foreign)
      expect([200, 204]).toContain(status)
      if (body?.deployment) expect(body.deployment).toMatchObject({ id: own.id, name: own.name })
      for (const trace of traces(foreign)) expect(JSON.stringify(body ?? {})).not.toContain(trace)
    },
  )
})

describe('a response token', () => {
  test.each(routesThat(({ credential }) => credential === 'response-token'))(
    '%s takes that of its invocation',
    async (_name, route) => {
      const target = await makeTarget(stack.state, 'own')
      expect((await callWith(responseTokenOf(target), route, target)).status).toBe(200)
    },
  )
})

describe.each(SCOPES)('an API key with the scope %s', (scope) => {
  const key = (keys: Map<Scope, string>): string => keys.get(scope) ?? ''
  const isPermitted = (route: Route): boolean => route.credential === 'api-key' && includesScope([scope], route.scope)
  const isDenied = (route: Route): boolean => route.credential === 'api-key' && !includesScope([scope], route.scope)

  test.each(routesThat(isDenied))('%s is denied, own or not', async (_name, route) => {
    for (const keys of [allKeys, ownKeys]) {
      const answers = await Promise.all([own, foreign, NOWHERE].map((target) => callWith(key(keys), route, target)))
      for (const answer of answers) {
        expect(answer).toMatchObject({ status: 403, body: { error: { code: 'permission_denied' } } })
        expect(anonymous(answer, NOWHERE)).toBe(anonymous(answers[0] as Answer, NOWHERE))
      }
    }
  })

  test.each(routesThat(isPermitted))('%s does its own', async (_name, route) => {
    // Some calls are the end of their target.
    for (const keys of isShared(route) ? [allKeys] : [allKeys, ownKeys]) {
      const { status, body } = await callWith(key(keys), route, await makeTarget(stack.state, 'own'))
      expect({ status, body }).toMatchObject({
        status: expect.toSatisfy((code) => code >= 200 && code < 300) as number,
      })
    }
  })

  test.each(routesThat((route) => isPermitted(route) && isShared(route)))(
    '%s is denied to a key for some deployments',
    async (name, route) => {
      const { status, body } = await callWith(key(ownKeys), route, own)
      expect(status, name).toBe(403)
      expect(body.error.message).toMatch(
        /^the API key "test" is limited to some deployments, and [\w-]+\.\w+ is about all; use a key without that limit$/,
      )
    },
  )

  test.each(routesThat((route) => isPermitted(route) && !isShared(route)))(
    '%s knows nothing of what is foreign',
    async (_name, route) => {
      const name = nameOf(route)
      const answer = await callWith(key(ownKeys), route, foreign)
      const said = anonymous(answer, foreign)
      if (LISTS.has(name)) {
        expect(answer.status).toBe(200)
        for (const trace of traces(foreign)) expect(JSON.stringify(answer.body)).not.toContain(trace)
        expect(JSON.stringify((await callWith(key(foreignKeys), route, foreign)).body)).toContain(foreign.id)
        return
      }
      expect(answer.status).toBe(REFUSED_BY_NAME.has(name) ? 403 : 404)
      if (REFUSED_BY_NAME.has(name)) return
      expect(said).toBe(anonymous(await callWith(key(ownKeys), route, NOWHERE), NOWHERE))
      expect(said).not.toContain('foreign')
      // And nothing was done: it is there for whoever may know of it.
      expect((await callWith(key(foreignKeys), CHECK, foreign)).status).toBe(202)
      expect(
        (await callApi(stack.state, foreign.agentToken, 'POST', '/v1/agent/session', { commands: [] })).status,
      ).toBe(200)
    },
  )
})

/** Whether a target is still as it was. */
const CHECK = ROUTES.find((route) => nameOf(route) === 'GET /v1/invocations/:id') as Route

describe('a key for some commands', () => {
  let token: string

  beforeAll(async () => {
    token = await makeKey({ scopes: ['admin'], deployments: ['own-*'], commands: ['list-*', '*-never'] })
  })

  test('may not invoke others, whether there are any or not', async () => {
    const body = { deployment: own.name, command: 'generate-report' }
    const { status, body: answer } = await callApi(stack.state, token, 'POST', '/v1/invocations', body)
    expect(status).toBe(403)
    expect(answer.error).toMatchObject({
      code: 'permission_denied',
      message: 'the API key "test" may not invoke "generate-report"; its commands are list-*, *-never',
    })
  })

  test('sees no invocation of another', async () => {
    const one = await callApi(stack.state, token, 'GET', `/v1/invocations/${own.invocationId}`)
    const none = await callApi(stack.state, token, 'GET', `/v1/invocations/${NOWHERE.invocationId}`)
    expect(one.status).toBe(404)
    expect(anonymous(one, own)).toBe(anonymous(none, NOWHERE))
    expect((await callApi(stack.state, token, 'GET', '/v1/invocations')).body).toEqual({ invocations: [] })
  })

  test('sees its own, in lists too', async () => {
    const { name } = await makeTarget(stack.state, 'own')
    const { body } = await callApi(stack.state, token, 'POST', '/v1/invocations', {
      deployment: name,
      command: 'list-files',
    })
    expect((await callApi(stack.state, token, 'GET', `/v1/invocations/${body.id}`)).status).toBe(202)
    await eventually('it is listed', async () => {
      const list = await callApi(stack.state, token, 'GET', '/v1/invocations')
      return list.body.invocations.length === 1 ? list.body.invocations[0].id === body.id || undefined : undefined
    })
  })

  test.each(routesThat((route) => route.credential === 'api-key' && route.wholeDeployment === true))(
    '%s is denied, being about all commands',
    async (_name, route) => {
      const { status, body } = await callWith(token, route, own)
      expect(status).toBe(403)
      expect(body.error.message).toMatch(
        /^the API key "test" is limited to some commands, and [\w-]+\.\w+ is about all/,
      )
    },
  )
})

describe('lists of invocations', () => {
  test('show those of the own deployments', async () => {
    const { body } = await callApi(stack.state, ownKeys.get('read'), 'GET', '/v1/invocations?limit=100')
    expect(body.invocations.length).toBeGreaterThan(0)
    for (const one of body.invocations) expect(one.deployment.name).toMatch(/^own-/)
  })

  test('a cursor of one key is none of another with other rights', async () => {
    const { body } = await callApi(stack.state, allKeys.get('read'), 'GET', '/v1/invocations?limit=1')
    expect(body.cursor).toBeDefined()
    const path = `/v1/invocations?limit=1&cursor=${body.cursor}`
    expect((await callApi(stack.state, ownKeys.get('read'), 'GET', path)).status).toBe(400)
  })
})

describe('deployments', () => {
  test('outside of its patterns cannot be created, whether the name is taken or not', async () => {
    const key = ownKeys.get('operate')
    for (const name of [foreign.name, 'free']) {
      const { status, body } = await callApi(stack.state, key, 'POST', '/v1/deployments', { name })
      expect(status).toBe(403)
      expect(body.error.message).toBe(
        `the API key "test" may not create a deployment named "${name}"; its deployments are own-*`,
      )
    }
  })

  test('a near miss suggests none that is foreign', async () => {
    const path = `/v1/deployments/${foreign.name}x`
    expect((await callApi(stack.state, allKeys.get('read'), 'GET', path)).body.error.details.nearest).toContain(
      foreign.name,
    )
    expect((await callApi(stack.state, ownKeys.get('read'), 'GET', path)).body.error.details.nearest).toEqual([])
  })
})

test('a page of the audit is as full as it can be of what the key covers', async () => {
  await makeTarget(stack.state, 'own')
  await makeTarget(stack.state, 'foreign')
  const { body } = await callApi(stack.state, ownKeys.get('admin'), 'GET', '/v1/audit?limit=3')
  expect(body.records.map(({ deploymentName }: { deploymentName: string }) => deploymentName)).toEqual(
    Array(3).fill(expect.stringMatching(/^own-/)),
  )
})

test('a limited admin key makes agent tokens of its deployments, and no API keys', async () => {
  const key = ownKeys.get('admin')
  const { status, body } = await callApi(stack.state, key, 'POST', '/v1/tokens', {
    kind: 'api-key',
    name: 'mine',
    scopes: ['admin'],
  })
  expect(status).toBe(403)
  expect(body.error.message).toBe(
    'the API key "test" is limited to some deployments, and may make agent tokens of those only; use a key without that limit',
  )
  const { body: all } = await admin('GET', '/v1/tokens')
  const apiKey = all.tokens.find(({ kind }: { kind: string }) => kind === 'api-key')
  expect((await callApi(stack.state, key, 'DELETE', `/v1/tokens/${apiKey.id}`)).status).toBe(404)
})

describe('the app', () => {
  interface Layer {
    readonly name: string
    readonly route?: { readonly path: string; readonly stack: readonly { readonly method?: string }[] }
  }

  /** What answers calls in the order of asking; routes by method and path, anything else by its name. */
  const layers = (app: Express): string[] =>
    (app.router.stack as unknown as Layer[]).flatMap(({ name, route }) =>
      route ? route.stack.map(({ method }) => `${(method ?? 'all').toUpperCase()} ${route.path}`) : [name],
    )

  const EXPECTED = ['requestId', 'timeRequest', 'helmetMiddleware', ...ROUTES.map(nameOf), 'notFound', 'sendError']

  test('has the routes of the table, each once, and nothing beside them', async () => {
    expect(layers(await bareApp(stack.state.temporalAddress))).toEqual(EXPECTED)
    expect(new Set(ROUTES.map(nameOf)).size).toBe(ROUTES.length)
  })

  test('would not hide a router, a route or a function beside the table', async () => {
    const additions: ((app: Express) => void)[] = [
      (app) => app.use('/v1/beside', Router()),
      (app) => app.get('/v1/beside', () => undefined),
      (app) => app.all('/v1/beside', () => undefined),
      (app) => app.use(function beside() {}),
    ]
    for (const add of additions) {
      const app = await bareApp(stack.state.temporalAddress)
      add(app)
      expect(layers(app)).not.toEqual(EXPECTED)
    }
  })
})
