/** The customer's policy on a running agent: the file is changed as its operator would, and callers see what follows. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import type { z } from 'zod'
import type { customerPolicySchema } from '../protocol/customer-policy.js'
import type { ErrorBody } from '../protocol/errors.js'
import { CLI, cliEnv } from './support/cli.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf, lines } from './support/outcome.js'

let stack: TestStack
let client: CommandsClient
let folder: string
let policyFile: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-policy-'))
  policyFile = join(folder, 'alien-policy.json')
  await writeFile(policyFile, '{}')
  // What an operator would set; this process runs no other stack.
  // Relative: the agents run in another folder.
  process.env['ALIEN_POLICY'] = relative('.', policyFile)
  // Refusals and broken files are what it tells of.
  process.env['ALIEN_LOG_LEVEL'] = 'silent'
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  client = stack.client()
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

let versions = 0

const replaceFile = async (text: string): Promise<void> => {
  await writeFile(`${policyFile}.new`, text)
  await rename(`${policyFile}.new`, policyFile)
}

/** Replaces the policy, and resolves once the agent goes by it: it tells the reason of its policy to a denied probe. */
async function putInForce(policy: Readonly<z.input<typeof customerPolicySchema>>): Promise<string> {
  const reason = `version ${(versions += 1)}`
  await replaceFile(JSON.stringify({ ...policy, deny: [...(policy.deny ?? []), 'params'], reason }))
  await refusedProbe('the policy is in force', ({ message }) => message.endsWith(`; reason: ${reason}`))
  return reason
}

const refusedProbe = (what: string, isSo: (error: ErrorBody) => boolean): Promise<true> =>
  eventually(what, async () => {
    const probe = await client.invoke('params').then(
      () => undefined,
      (error: unknown) => (error as { toJSON(): ErrorBody }).toJSON(),
    )
    return probe?.code === 'refused' && isSo(probe) ? true : undefined
  })

describe('a refused command has not run', () => {
  test.each<[string, z.input<typeof customerPolicySchema>, string, object]>([
    ['deny', { deny: ['cou*'], allow: ['*'] }, 'it matches deny pattern "cou*"', { pattern: 'cou*' }],
    ['allow', { allow: ['echo'] }, 'it matches no allow pattern', {}],
    ['readOnly', { readOnly: true }, 'it is not declared read-only, and only commands that are may run', {}],
    ['killSwitch', { killSwitch: true }, 'its kill switch is on, and nothing may run', {}],
    ['maxParamsBytes', { maxParamsBytes: 10 }, 'its params are 19 bytes of JSON, the limit is 10', {}],
  ])('by the rule %s', async (rule, policy, because, details) => {
    const reason = await putInForce(policy)
    const file = join(folder, rule)
    const params = rule === 'maxParamsBytes' ? { line: 'x'.repeat(8) } : { file, line: 'ran' }
    const retry = { maxAttempts: 3, initialInterval: 1 }
    const handle = await client.start('count', params, { retry })
    expect(await errorOf(handle.result())).toStrictEqual({
      code: 'refused',
      message: `the customer's policy refused "count" on "acme-corp": ${because}; reason: ${reason}`,
      details: { rule, ...details },
    })
    expect(await handle.status()).toBe('failed')
    expect(await lines(file)).toStrictEqual([])
    await putInForce({})
    expect(await client.invoke('count', { file, line: 'ran' })).toBe('ran')
  })

  test('while the file is broken or gone, until it is repaired', async () => {
    const file = join(folder, 'unreadable')
    const refused = {
      code: 'refused',
      message:
        'the customer\'s policy refused "count" on "acme-corp": its file cannot be read, and nothing may run until it is repaired',
      details: { rule: 'unreadable' },
    }
    for (const harm of [() => replaceFile('{"deney": []}'), () => rm(policyFile)]) {
      await putInForce({})
      await harm()
      await refusedProbe('the file is unreadable', ({ message }) => message.includes('its file cannot be read'))
      expect(await errorOf(client.invoke('count', { file, line: 'ran' }))).toStrictEqual(refused)
    }
    expect(await lines(file)).toStrictEqual([])
    await putInForce({})
    expect(await client.invoke('count', { file, line: 'ran' })).toBe('ran')
  })
})

test('commands that are declared read-only run under the read-only switch, and the vendor sees which are', async () => {
  await putInForce({ readOnly: true })
  const file = join(folder, 'read-only')
  expect(await client.invoke('count-read-only', { file, line: 'ran' })).toBe('ran')
  const { body } = await callApi(stack.state, stack.state.token, 'GET', '/v1/deployments/acme-corp/commands')
  const readOnly = body.commands.filter((command: { readOnly?: boolean }) => command.readOnly === true)
  expect(readOnly.map(({ name }: { name: string }) => name)).toStrictEqual(['count-read-only'])
})

test('the kill switch stops what runs, and that is not run again', async () => {
  await putInForce({})
  const file = join(folder, 'stopped')
  const retry = { maxAttempts: 3, initialInterval: 1 }
  const handle = await client.start('until-aborted', { file }, { retry })
  await eventually('the handler starts', async () => (await lines(file))[0])
  const reason = await putInForce({ killSwitch: true })
  const message = `the customer's policy stopped "until-aborted" on "acme-corp" while it ran: its kill switch was thrown; reason: ${reason}`
  expect(await errorOf(handle.result())).toStrictEqual({
    code: 'command_failed',
    message,
    details: { name: 'CustomerPolicy', message, code: 'stopped_by_customer_policy', details: { rule: 'killSwitch' } },
  })
  const aborted = await eventually('the handler notices', async () => (await lines(file))[1])
  expect(aborted).toBe(`aborted: ${message}`)
  await putInForce({})
  expect(await lines(file)).toHaveLength(2)
})

test('an attempt has the time that the policy gives, however much the caller asks for', async () => {
  await putInForce({ maxRunTime: '50ms' })
  expect(await errorOf(client.invoke('sleep', { ms: 60_000 }, { timeoutMs: 600_000 }))).toStrictEqual({
    code: 'timed_out',
    message: '"sleep" did not finish within 50ms, the longest that the customer\'s policy lets a command run',
  })
})

test('a result over the limit does not leave, and its command is not run again', async () => {
  await putInForce({ maxResultBytes: 1_000 })
  const file = join(folder, 'large')
  const retry = { maxAttempts: 3, initialInterval: 1 }
  expect(await client.invoke('large', { file, bytes: 998 })).toHaveLength(998)
  expect(await errorOf(client.invoke('large', { file, bytes: 999 }, { retry }))).toStrictEqual({
    code: 'payload_too_large',
    message:
      'the result of "large" is 1001 bytes of JSON, the limit of the customer\'s policy is 1000; return less, or store it and return where it is',
    details: { side: 'result', bytes: 1_001, maxBytes: 1_000 },
  })
  expect(await lines(file)).toHaveLength(2)
})

test('alien agent start goes by the policy of its folder, and logs refusals without params', async () => {
  await putInForce({})
  const { body } = await callApi(stack.state, stack.state.token, 'POST', '/v1/deployments', { name: 'globex' })
  const args = ['agent', 'start', resolve('tests/fixtures/handlers.ts'), '--url', stack.state.url]
  const agent = execa(process.execPath, [CLI, ...args], {
    cwd: folder,
    env: cliEnv({ ALIEN_TOKEN: body.agentToken, ALIEN_POLICY: '', ALIEN_LOG_LEVEL: 'info' }),
    extendEnv: false,
    reject: false,
    stdin: 'ignore',
  })
  onTestFinished(() => void agent.kill('SIGKILL'))
  const globex = stack.client('globex')
  const file = join(folder, 'globex')
  expect(await globex.invoke('count', { file, line: 'ran' })).toBe('ran')
  const handle = await globex.start('params', { password: 'sesame' })
  expect(await errorOf(handle.result())).toMatchObject({ code: 'refused', details: { rule: 'deny' } })
  await replaceFile('[]')
  await eventually('the file is unreadable', async () => {
    const refused = (await errorOf(globex.invoke('params'))) as ErrorBody
    return refused.message.includes('its file cannot be read') ? true : undefined
  })
  agent.kill('SIGTERM')
  const { exitCode, stderr } = await agent
  expect(exitCode).toBe(0)
  const logged = stderr.split('\n').map((line) => JSON.parse(line) as Record<string, unknown>)
  const invocationId = handle.id
  expect(logged).toContainEqual(
    expect.objectContaining({
      level: 40,
      invocationId,
      attempt: 1,
      command: 'params',
      rule: 'deny',
      pattern: 'params',
    }),
  )
  expect(stderr).not.toContain('sesame')
  expect(logged.filter(({ level }) => level === 50).map(({ msg }) => msg)).toStrictEqual([
    `policy file ${policyFile}: $: Invalid input: expected object, received array; every command is refused until it is repaired`,
  ])
})
