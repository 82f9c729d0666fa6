/** What the command line shows and changes besides invoking: invocations and deployments. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { hostname, tmpdir } from 'node:os'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { Invocation } from '../protocol/invocation.js'
import { VERSION } from '../workers/version.js'
import { alien, type CliAnswer } from './support/cli.js'
import { eventually } from './support/eventually.js'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: ['acme-corp', 'globex'] })
})

afterAll(() => stack.close())

const run = (...args: string[]): Promise<CliAnswer> =>
  alien(args, { cwd: tmpdir(), env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token } })

const parsed = ({ stdout }: CliAnswer): unknown => JSON.parse(stdout)

/** Request ids are random. */
const withoutRequest = (text: string): string => text.replace(/ \(request req_[\w-]+\)$/, '')

async function expectRefusal(args: string[], error: string): Promise<void> {
  const { exitCode, stdout, stderr } = await run(...args)
  expect(withoutRequest(stderr)).toBe(`error ${error}`)
  expect(stdout).toBe('')
  expect(exitCode).toBe(2)
}

describe('commands list', () => {
  const ids: Record<'first' | 'failed' | 'last' | 'elsewhere', string> = {
    first: '',
    failed: '',
    last: '',
    elsewhere: '',
  }

  beforeAll(async () => {
    const [acme, globex] = [stack.client('acme-corp'), stack.client('globex')]
    const starts = {
      first: () => acme.start('echo', { value: 1 }),
      failed: () => acme.start('fail'),
      last: () => acme.start('echo', { value: 2 }),
      elsewhere: () => globex.start('echo', { value: 3 }),
    }
    // One after the other: Temporal lists what has ended by when it ended, not by when it began.
    for (const [name, start] of Object.entries(starts)) {
      const handle = await start()
      await handle.result().catch(() => undefined)
      ids[name as keyof typeof ids] = handle.id
    }
    // Temporal's visibility follows a moment later.
    await eventually('all are listed as ended', async () => {
      const { invocations } = await list()
      const ended = invocations.filter(({ status }) => status === 'succeeded' || status === 'failed')
      return ended.length === 4 ? true : undefined
    })
  })

  const list = async (...args: string[]): Promise<{ invocations: Invocation[]; cursor?: string }> =>
    parsed(await run('commands', 'list', '--json', ...args)) as { invocations: Invocation[]; cursor?: string }

  const listed = async (...args: string[]): Promise<string[]> =>
    (await list(...args)).invocations.map(({ id }) => id).sort()

  test('shows a table', async () => {
    const { exitCode, stdout, stderr } = await run('commands', 'list', '--deployment', 'globex')
    const [head, ...rows] = stdout.split('\n')
    expect(head).toMatch(/^ID +DEPLOYMENT +COMMAND +STATUS +CREATED +WAITS FOR$/)
    expect(rows.map((row) => row.split(/ {2,}/).slice(0, 4))).toEqual([[ids.elsewhere, 'globex', 'echo', 'succeeded']])
    expect(stderr).toBe('')
    expect(exitCode).toBe(0)
  })

  test('filters by deployment, named or by id', async () => {
    expect(await listed('--deployment', 'globex')).toEqual([ids.elsewhere])
    expect(await listed('--deployment', stack.state.deployments[1]?.id ?? '')).toEqual([ids.elsewhere])
  })

  test('filters by command', async () => {
    expect(await listed('--deployment', 'acme-corp', '--command', 'echo')).toEqual([ids.first, ids.last].sort())
  })

  test('filters by status', async () => {
    expect(await listed('--status', 'failed')).toEqual([ids.failed])
    expect(await listed('--status', 'running')).toEqual([])
  })

  test('goes on where the cursor says, newest first', async () => {
    const filters = ['--deployment', 'acme-corp', '--command', 'echo', '--limit', '1']
    const page = await run('commands', 'list', ...filters)
    const cursor = /^more: --cursor (\S+)$/.exec(page.stderr)?.[1] ?? ''
    expect(page.stdout).toContain(ids.last)
    expect(page.stdout).not.toContain(ids.first)
    const next = await list(...filters, '--cursor', cursor)
    expect(next.invocations.map(({ id }) => id)).toEqual([ids.first])
  })

  test('refuses a cursor that is not of this list', async () => {
    const { cursor = '' } = await list('--command', 'echo', '--limit', '1')
    const error =
      'invalid_request: bad query: cursor: not one that a list with these filters gave; repeat its filters, or list without a cursor'
    await expectRefusal(['commands', 'list', '--cursor', cursor], error)
    await expectRefusal(['commands', 'list', '--cursor', 'AAAA'], error)
  })

  test.each([
    ['0', '0 must be a whole number from 1 to 100'],
    ['101', '101 must be a whole number from 1 to 100'],
    ['many', '"many" must be a whole number from 1 to 100'],
  ])('refuses --limit %s', async (limit, why) => {
    await expectRefusal(['commands', 'list', '--limit', limit], `invalid_request: bad query: limit: ${why}`)
  })

  test('refuses a status that is none', async () => {
    const { exitCode, stderr } = await run('commands', 'list', '--status', 'done')
    expect(stderr).toBe(
      "error: option '--status <status>' argument 'done' is invalid. Allowed choices are queued, running, succeeded, failed, canceled, expired.",
    )
    expect(exitCode).toBe(2)
  })
})

describe('commands get', () => {
  test('shows the invocation, its result included', async () => {
    const { id } = await stack.client().start('echo', { value: { rows: 3 } })
    await stack.client().getInvocation(id).result()
    const answer = await run('commands', 'get', id)
    expect(parsed(answer)).toMatchObject({ id, status: 'succeeded', result: { rows: 3 } })
    expect(answer.exitCode).toBe(0)
  })

  test('refuses what is no id, and an id nobody has', async () => {
    await expectRefusal(
      ['commands', 'get', 'acme-corp'],
      'invalid_request: invocation id "acme-corp" must be "inv_" and 16 to 180 letters, digits, ".", "_" or "-"',
    )
    await expectRefusal(
      ['commands', 'get', 'inv_echo_0123456789abcdef'],
      'invocation_not_found: no invocation "inv_echo_0123456789abcdef"; it may be older than what Temporal keeps, or was started elsewhere',
    )
  })
})

describe('deployments', () => {
  test('are created with a token shown once, listed, and deleted', async () => {
    const created = await run('deployments', 'create', 'initech')
    const [, id = ''] =
      /^id {11}(dep_[a-z2-7]{20})\nname {9}initech\nagent token {2}agt_[\w-]{43}$/.exec(created.stdout) ?? []
    expect(created.stderr).toBe('the token is shown this once; give it to the agent as ALIEN_TOKEN')

    expect((await run('deployments', 'list')).stdout).toMatch(
      new RegExp(`^${id}  initech  +pull  +offline  +-  +-  +-  +\\d{4}-.*Z$`, 'm'),
    )
    const all = parsed(await run('deployments', 'list', '--json')) as { id: string; name: string }[]
    expect(all.map(({ name }) => name)).toEqual(['acme-corp', 'globex', 'initech'])
    expect(all[2]?.id).toBe(id)

    expect(await run('deployments', 'delete', id)).toEqual({ exitCode: 0, stdout: '', stderr: `deleted ${id}` })
    await expectRefusal(
      ['deployments', 'delete', 'initech'],
      'deployment_not_found: no deployment "initech"; see those there are with: alien deployments list',
    )
  })

  test('with an agent are listed with how many are online, its version and its host', async () => {
    await stack.client('globex').invoke('echo', { value: 1 })
    const { exitCode, stdout, stderr } = await run('deployments', 'list')
    const [head, ...rows] = stdout.split('\n').map((line) => line.split(/ {2,}/))
    expect(head).toEqual(['ID', 'NAME', 'TRANSPORT', 'AGENTS', 'LAST SEEN', 'VERSION', 'HOST', 'CREATED'])
    const instant = expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/) as string
    const id = stack.state.deployments[1]?.id
    expect(rows.filter(([, name]) => name === 'globex')).toEqual([
      [id, 'globex', 'pull', '1 online', instant, VERSION, hostname(), instant],
    ])
    expect([exitCode, stderr]).toEqual([0, ''])
  })

  test('are created as JSON, too', async () => {
    const created = parsed(await run('deployments', 'create', 'hooli', '--json'))
    expect(created).toEqual({
      id: expect.stringMatching(/^dep_/) as string,
      name: 'hooli',
      createdAt: expect.stringMatching(/Z$/) as string,
      agentTokenId: expect.stringMatching(/^agtid_/) as string,
      agentToken: expect.stringMatching(/^agt_/) as string,
    })
    await run('deployments', 'delete', 'hooli')
  })

  test('show their commands, with schemas as JSON', async () => {
    const { stdout } = await run('deployments', 'commands', 'globex')
    expect(stdout).toMatch(/^COMMAND +DESCRIPTION$/m)
    expect(stdout).toMatch(/^typed +Doubles what it is given\.$/m)
    const manifest = parsed(await run('deployments', 'commands', 'globex', '--json'))
    expect(manifest).toMatchObject({ deployment: stack.state.deployments[1] })
    expect((manifest as { commands: unknown[] }).commands).toContainEqual(
      expect.objectContaining({ name: 'typed', params: expect.objectContaining({ type: 'object' }) as object }),
    )
  })

  test('have names of their own', async () => {
    await expectRefusal(
      ['deployments', 'create', 'globex'],
      'conflict: a deployment named "globex" already exists; choose another name or delete it first',
    )
  })

  test.each(['Acme', '-acme', 'acme corp', 'x'.repeat(64), ''])('cannot be named "%s"', async (name) => {
    await expectRefusal(
      ['deployments', 'create', '--', name],
      `invalid_request: deployment name "${name}" must start with a lower-case letter or a digit and have at most 63 lower-case letters, digits, "_" or "-"`,
    )
  })

  test('cannot be named as an id', async () => {
    await expectRefusal(
      ['deployments', 'create', 'dep_acme'],
      'invalid_request: deployment name "dep_acme" must not start with "dep_", as ids do; choose another name',
    )
  })
})
