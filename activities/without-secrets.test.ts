/** Secrets that a handler read from a vault leave its environment in no way. */
import type { RawValue } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import { MemoryVault } from '../bindings/vault/memory-vault.js'
import { Vault } from '../bindings/vault/vault.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { Handler } from '../sdk/command.js'
import type { CommandLog } from '../sdk/context.js'
import { CommandRegistry } from '../sdk/registry.js'
import { PolicyGate } from './policy-gate.js'
import { commandActivities, type CommandActivity } from './run-command.js'

const ATTEMPT: AttemptInput = {
  invocationId: 'inv_report_0123456789abcdef',
  deployment: { id: 'dep_1', name: 'acme-corp' },
  attempt: 1,
  timeoutMs: null,
  exposeStack: true,
}

const PASSWORD = 'hunter2 "quoted"'
const backend = new MemoryVault()
await backend.set('warehouse', JSON.stringify({ user: 'app', password: PASSWORD }))
const vault = new Vault('credentials', () => Promise.resolve(backend))

async function outcomeOf(handler: Handler): Promise<{ result: unknown; error: unknown; lines: unknown[] }> {
  const lines: unknown[] = []
  const write = (message: string, fields?: Record<string, unknown>) => void lines.push([message, fields])
  const log: CommandLog = { debug: write, info: write, warn: write, error: write }
  const registry = new CommandRegistry([{ name: 'report', options: {}, handler }])
  const { report } = commandActivities(registry, () => log, new PolicyGate())
  try {
    const { payload }: RawValue = await new MockActivityEnvironment().run(report as CommandActivity, {}, ATTEMPT)
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
    expect(lines[0]).toEqual(['before', { n: 1 }])
    expect(lines[1]).toMatchObject([
      'tried [redacted]',
      { password: '[redacted]', error: { type: 'Error', message: 'no [redacted]' } },
    ])
    expect(JSON.stringify(lines)).not.toContain('hunter2')
  })
})

test('what another handler read is none of its business', async () => {
  await outcomeOf(readPassword)
  expect((await outcomeOf(() => PASSWORD)).result).toBe(PASSWORD)
})
