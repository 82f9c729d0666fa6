/** API keys and agent tokens through their life, by the command line and over HTTP. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alien, type CliAnswer } from './support/cli.js'
import { callApi } from './support/http.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: ['acme-corp', 'globex'] })
})

afterAll(() => stack.close())

const runAs = (token: string, ...args: string[]): Promise<CliAnswer> =>
  alien(args, { cwd: tmpdir(), env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: token } })

const run = (...args: string[]): Promise<CliAnswer> => runAs(stack.state.token, ...args)

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- JSON of several shapes
const runJson = async (...args: string[]): Promise<any> => JSON.parse((await run(...args, '--json')).stdout)

/** Request ids are random. */
const withoutRequest = (text: string): string => text.replace(/ \(request req_[\w-]+\)$/, '')

async function expectRefusal(answer: Promise<CliAnswer>, exitCode: number, error: string): Promise<void> {
  const { stderr, ...rest } = await answer
  expect(withoutRequest(stderr)).toBe(`error ${error}`)
  expect(rest).toEqual({ exitCode, stdout: '' })
}

const statusWith = async (token: string): Promise<number> =>
  (await callApi(stack.state, token, 'GET', '/v1/deployments')).status

const agentStatusWith = async (token: string): Promise<number> =>
  (await callApi(stack.state, token, 'POST', '/v1/agent/session', { commands: [] })).status

describe('alien tokens create', () => {
  test('shows an API key once, which then does what it may and no more', async () => {
    const { exitCode, stdout, stderr } = await run(
      ...['tokens', 'create', 'ci', '--scope', 'invoke', '--deployment', 'acme-*', '--command', 'ec*'],
      ...['--expires', '90d'],
    )
    const [, id = '', token = '', expires = ''] =
      /^id {7}(keyid_[a-z2-7]{20})\ntoken {4}(key_[\w-]{43})\nexpires {2}(\S+)$/.exec(stdout) ?? []
    expect(stderr).toBe('the token is shown this once; the id names it in lists and in the audit')
    expect(exitCode).toBe(0)
    expect(Math.abs(Date.parse(expires) - Date.now() - 90 * 86_400_000)).toBeLessThan(60_000)

    const invoke = ['commands', 'invoke', '--params', '{"value": 7}', '--deployment']
    expect((await runAs(token, ...invoke, 'acme-corp', '--command', 'echo')).stdout).toBe('7')
    await expectRefusal(
      runAs(token, ...invoke, 'acme-corp', '--command', 'fail'),
      7,
      'permission_denied: the API key "ci" may not invoke "fail"; its commands are ec*',
    )
    await expectRefusal(
      runAs(token, ...invoke, 'globex', '--command', 'echo'),
      2,
      'deployment_not_found: no deployment "globex"; see those there are with: alien deployments list',
    )
    await expectRefusal(
      runAs(token, 'tokens', 'list'),
      7,
      'permission_denied: the API key "ci" may not do tokens.list, which needs the scope "admin"; use a key that has it',
    )
    const row = (await run('tokens', 'list')).stdout.split('\n').find((line) => line.startsWith(id))
    expect(row?.split(/ {2,}/)).toEqual([id, 'ci', 'invoke ec* on acme-*', 'active', expires])
  })

  test('makes an agent token', async () => {
    const { token, ...info } = await runJson('tokens', 'create', '--agent', 'globex')
    expect(info).toEqual({
      kind: 'agent-token',
      id: expect.stringMatching(/^agtid_/),
      name: '',
      deployment: stack.state.deployments[1],
      status: 'active',
      createdAt: expect.stringMatching(/Z$/),
      expiresAt: null,
      revokedAt: null,
    })
    expect(await agentStatusWith(token)).toBe(200)
    expect(await runJson('tokens', 'list', '--deployment', 'globex')).toContainEqual(info)
    expect(await runJson('tokens', 'list', '--deployment', 'acme-corp')).not.toContainEqual(info)
  })

  test('refuses what is neither', async () => {
    const neither =
      'invalid_request: an API key needs a name and --scope (read, invoke, operate, admin); for an agent token give --agent DEPLOYMENT'
    await expectRefusal(run('tokens', 'create', 'ci'), 2, neither)
    await expectRefusal(run('tokens', 'create', '--scope', 'read'), 2, neither)
    await expectRefusal(
      run('tokens', 'create', '--agent', 'globex', '--scope', 'read'),
      2,
      'invalid_request: an agent token is good for its deployment and for nothing else; leave out --scope, --deployment and --command',
    )
    await expectRefusal(
      run('tokens', 'create', '--agent', 'globx'),
      2,
      'deployment_not_found: no deployment "globx"; the nearest name is "globex"',
    )
    await expectRefusal(
      run('tokens', 'create', 'ci', '--scope', 'read', '--deployment', 'a b'),
      2,
      'invalid_request: bad token: deployments.0: "a b" must be 1 to 100 letters, digits, ".", "_" or "-", and "*" for any number of them, like "acme-*"',
    )
  })
})

describe('alien tokens revoke', () => {
  test('holds at once, for a token in use', async () => {
    const key = await runJson('tokens', 'create', 'leaked', '--scope', 'read')
    const agent = await runJson('tokens', 'create', '--agent', 'globex')
    expect(await statusWith(key.token)).toBe(200)
    expect(await agentStatusWith(agent.token)).toBe(200)
    // Over HTTP: the command line takes longer to start than a token is trusted for.
    for (const { id } of [key, agent]) {
      const { status, body } = await callApi(stack.state, stack.state.token, 'DELETE', `/v1/tokens/${id}`)
      expect(status).toBe(200)
      expect(body).toMatchObject({ id, status: 'revoked', revokedAt: expect.stringMatching(/Z$/) })
      expect(body).not.toHaveProperty('token')
    }
    expect(await statusWith(key.token)).toBe(401)
    expect(await agentStatusWith(agent.token)).toBe(401)
  })

  test('by the command line; it is then listed only when asked for', async () => {
    const { id } = await runJson('tokens', 'create', 'old', '--scope', 'read')
    expect(await run('tokens', 'revoke', id)).toEqual({ exitCode: 0, stdout: '', stderr: `revoked ${id}` })
    expect((await run('tokens', 'list')).stdout).not.toContain(id)
    const row = (await run('tokens', 'list', '--all')).stdout.split('\n').find((line) => line.startsWith(id))
    expect(row?.split(/ {2,}/)).toEqual([id, 'old', 'read on *', 'revoked', 'never'])
  })

  test('knows no other ids', async () => {
    for (const id of ['keyid_aaaaaaaaaaaaaaaaaaaa', 'agtid_aaaaaaaaaaaaaaaaaaaa', 'key_1']) {
      await expectRefusal(
        run('tokens', 'revoke', id),
        2,
        `token_not_found: no API key or agent token has the id "${id}"; see those there are with: alien tokens list`,
      )
    }
  })
})

test('a deployment that is deleted takes its tokens along, at once', async () => {
  const { agentToken } = await runJson('deployments', 'create', 'hooli')
  expect(await agentStatusWith(agentToken)).toBe(200)
  await callApi(stack.state, stack.state.token, 'DELETE', '/v1/deployments/hooli')
  expect(await agentStatusWith(agentToken)).toBe(401)
})

describe('alien tokens rotate', () => {
  test('makes a new one with the same rights, and lets the old one go on for an hour', async () => {
    const rights = { scopes: ['invoke'], deployments: ['acme-*'], commands: ['echo'] }
    const old = await runJson(
      ...['tokens', 'create', 'ci', '--scope', 'invoke', '--deployment', 'acme-*', '--command', 'echo'],
    )
    const rotated = await runJson('tokens', 'rotate', old.id)
    expect(rotated).toMatchObject({ ...rights, name: 'ci', status: 'active', expiresAt: null })
    expect(rotated.token).not.toBe(old.token)
    expect(rotated.replaces).toMatchObject({ id: old.id, status: 'active' })
    expect(Math.abs(Date.parse(rotated.replaces.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000)
    expect(await statusWith(old.token)).toBe(200)
    expect(await statusWith(rotated.token)).toBe(200)
  })

  test('without an overlap ends the old one at once, though it was in use', async () => {
    const old = await runJson('tokens', 'create', 'ci', '--scope', 'read')
    expect(await statusWith(old.token)).toBe(200)
    const { status, body } = await callApi(stack.state, stack.state.token, 'POST', `/v1/tokens/${old.id}/rotate`, {
      overlap: 0,
    })
    expect(status).toBe(201)
    expect(await statusWith(old.token)).toBe(401)
    expect(await statusWith(body.token)).toBe(200)
    await expectRefusal(
      run('tokens', 'rotate', old.id),
      2,
      `conflict: the token ${old.id} is no longer good, so it cannot be rotated; make a new one with: alien tokens create`,
    )
  })

  test('says when the old one expires', async () => {
    const old = await runJson('tokens', 'create', '--agent', 'globex')
    const { stdout, stderr } = await run('tokens', 'rotate', old.id, '--overlap', '24h')
    expect(stdout).toMatch(/^id {7}agtid_[a-z2-7]{20}\ntoken {4}agt_[\w-]{43}\nexpires {2}never$/)
    expect(stderr).toMatch(new RegExp(`\n${old.id} expires \\d{4}-.*Z$`))
  })
})
