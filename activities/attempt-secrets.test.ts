/** Secrets that a handler read from a vault leave its environment in no way. */
import type { RawValue } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import console from 'node:console'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { MemoryVault } from '../bindings/vault/memory-vault.js'
import { Vault } from '../bindings/vault/vault.js'
import type { CommandOptions, Handler } from '../sdk/command.js'
import type { CommandLog } from '../sdk/context.js'
import { CommandRegistry } from '../sdk/registry.js'
import type { OpenEvents } from './run-command.js'
import { commandActivities, type CommandActivity } from './run-command.js'
import { ATTEMPT } from '../execution/test-run.testsuite.js'
import { testDeps } from './test-deps.testsuite.js'

const PASSWORD = 'hunter2 "quoted"'
const backend = new MemoryVault()
await backend.set('warehouse', JSON.stringify({ user: 'app', password: PASSWORD }))
const vault = new Vault('credentials', () => Promise.resolve(backend))

async function outcomeOf(
  handler: Handler,
  options: CommandOptions = {},
): Promise<{ result: unknown; error: unknown; lines: unknown[] }> {
  const lines: unknown[] = []
  const write = (message: string, fields?: Record<string, unknown>) => void lines.push([message, fields])
  const log: CommandLog = { debug: write, info: write, warn: write, error: write }
  const registry = new CommandRegistry([{ name: 'report', options, handler }])
  const told = (_level: string, message: string, fields?: Record<string, unknown>) => write(message, fields)
  const openEvents: OpenEvents = () => ({
    started: () => undefined,
    progress: ({ message = '' }) => write(message),
    log: told,
    end: () => undefined,
    late: () => undefined,
  })
  const { report } = commandActivities(registry, await testDeps({ log: () => log, openEvents }))
  try {
    const { payload }: RawValue = await new MockActivityEnvironment().run(
      report as CommandActivity,
      {},
      {
        ...ATTEMPT,
        exposeStack: true,
      },
    )
    return { result: JSON.parse(String(payload.data)), error: undefined, lines }
  } catch (error) {
    return { result: undefined, error, lines }
  }
}

const readPassword = async (): Promise<string> => (await vault.getJson<{ password: string }>('warehouse')).password

describe('secrets are taken out of', () => {
  test('results', async () => {
    const { result } = await outcomeOf(async () => {
      const password = await readPassword()
      return { password, url: `postgres://app:${password}@host`, json: JSON.stringify({ password }), user: 'app' }
    })
    expect(result).toEqual({
      password: '[redacted]',
      url: 'postgres://app:[redacted]@host',
      json: '{"password":"[redacted]"}',
      user: 'app',
    })
  })

  test('errors: message, details and stack, also where a long one is cut', async () => {
    const { error } = await outcomeOf(async () => {
      const password = await readPassword()
      throw Object.assign(new Error(`login with ${password}`), { details: { tried: [password] } })
    })
    expect(error).toMatchObject({
      message: '"report" failed: login with [redacted]',
      details: [{ message: 'login with [redacted]', details: { tried: ['[redacted]'] } }],
    })
    expect(JSON.stringify(error)).not.toContain('hunter2')
    const long = await outcomeOf(async () => {
      throw new Error((await readPassword()).padStart(262_140, 'x').padEnd(3_000_000, 'x'))
    })
    expect((long.error as Error).message).not.toContain('hunter')
  })

  test('logs: messages and fields', async () => {
    const { lines } = await outcomeOf(async (_, { log }) => {
      log.info('before', { n: 1 })
      const password = await readPassword()
      log.warn(`tried ${password}`, { password, error: new Error(`no ${password}`) })
    })
    const redacted = [
      'tried [redacted]',
      { password: '[redacted]', error: { type: 'Error', message: 'no [redacted]' } },
    ]
    // Each in the agent's log, and told on.
    expect(lines.slice(0, 2)).toEqual([
      ['before', { n: 1 }],
      ['before', { n: 1 }],
    ])
    expect(lines.slice(2)).toMatchObject([redacted, redacted])
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })

  test('progress and checkpoints', async () => {
    const { lines, error } = await outcomeOf(async (_, { progress, checkpoint }) => {
      const password = await readPassword()
      await progress({ message: `as ${password}` })
      await checkpoint({ password, row: 7 })
      throw new Error('no')
    })
    expect(lines).toEqual([['as [redacted]', undefined]])
    expect(error).toMatchObject({ details: [{ message: 'no' }, { checkpoint: { password: '[redacted]', row: 7 } }] })
  })

  // Once for both, since the console is patched once.
  test('what is captured of the console, also when they are cut in two', async () => {
    const shown = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    onTestFinished(() => shown.mockRestore())
    const handler: Handler = async () => {
      const password = await readPassword()
      console.warn('as %s', password)
      console.warn('as %s', password.slice(0, 9))
      console.warn(password.slice(9))
    }
    const { lines } = await outcomeOf(handler, { captureConsole: true })
    const said = ['as [redacted]', 'as [redacted]', '[redacted]']
    expect(lines).toEqual(said.map((line) => [line, undefined]))
    expect(shown.mock.calls).toEqual(said.map((line) => [line]))
  })
})

describe('secrets that are cut in two are taken out of', () => {
  const [first, second] = [PASSWORD.slice(0, 9), PASSWORD.slice(9)]

  test('log lines that follow each other, each level by itself', async () => {
    const { lines } = await outcomeOf(async (_, { log }) => {
      await readPassword()
      log.info(`tried ${first}`)
      log.warn('stderr says something else meanwhile')
      log.info(`${second} in vain`, { n: 1 })
    })
    const told = [
      ['tried [redacted]', undefined],
      ['stderr says something else meanwhile', undefined],
      ['[redacted] in vain', { n: 1 }],
    ]
    // Each in the agent's log, and told on.
    expect(lines).toEqual(told.flatMap((line) => [line, line]))
  })

  test('messages of progress', async () => {
    const { lines } = await outcomeOf(async (_, { progress }) => {
      await readPassword()
      await progress({ done: 1, message: `tried ${first}` })
      await progress({ done: 2 })
      await progress({ done: 3, message: `${second} in vain` })
    })
    expect(lines.map((line) => (line as unknown[])[0])).toEqual(['tried [redacted]', '', '[redacted] in vain'])
  })
})

const circular: Record<string, unknown> = {}
circular['self'] = circular

describe.each([
  ['before', false],
  ['after', true],
])('%s a handler read a secret, no log line ends it:', (_, reads) => {
  test.each<[string, unknown, unknown, string]>([
    ['circular fields', 'said', circular, 'said'],
    ['a BigInt in fields', 'said', { n: 1n }, 'said'],
    ['fields that are text', 'said', 'more', 'said'],
    ['an error as message', new Error('boom'), undefined, 'Error: boom'],
    ['no message', undefined, undefined, 'undefined'],
  ])('%s', async (_name, message, fields, said) => {
    const { result, lines } = await outcomeOf(async (_params, { log }) => {
      if (reads) await readPassword()
      log.info(message as string, fields as Record<string, unknown>)
      return 'done'
    })
    expect(result).toBe('done')
    expect(lines).toHaveLength(2)
    for (const line of lines)
      expect((line as unknown[])[0]).toMatch(new RegExp(`^${said}( \\[fields left out: not JSON\\])?$`))
  })
})

test('a secret that a handler sets is one, too', async () => {
  const { result } = await outcomeOf(async () => {
    await vault.set('rotated', 'new-password')
    return { now: 'new-password' }
  })
  expect(result).toEqual({ now: '[redacted]' })
})

test('a checkpoint that is a number stays one', async () => {
  await backend.set('settings', JSON.stringify({ password: PASSWORD, timeoutMs: 5000 }))
  const { error } = await outcomeOf(async (_, { checkpoint }) => {
    await vault.getJson('settings')
    await checkpoint(5000)
    throw new Error('5000 is no row')
  })
  expect(error).toMatchObject({ details: [{ message: '5000 is no row' }, { checkpoint: 5000 }] })
})

test('what another handler read is none of its business', async () => {
  await outcomeOf(readPassword)
  expect((await outcomeOf(() => PASSWORD)).result).toBe(PASSWORD)
})
