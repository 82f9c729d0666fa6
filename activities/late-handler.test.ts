import { MockActivityEnvironment } from '@temporalio/testing'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test, vi } from 'vitest'
import type { Handler } from '../sdk/command.js'
import { CommandRegistry } from '../sdk/registry.js'
import { ATTEMPT, SILENT_LOG } from '../execution/test-run.testsuite.js'
import { commandActivities, type CommandActivity } from './run-command.js'
import { testDeps } from './test-deps.testsuite.js'

test.each<[string, Handler]>([
  ['returned', () => delay(120)],
  ['failed', () => delay(120).then(() => Promise.reject(new Error('secret')))],
])('a handler that %s after its time was over changes nothing, and is logged', async (how, handler) => {
  const warnings: string[] = []
  const log = () => ({ ...SILENT_LOG, warn: (message: string) => void warnings.push(message) })
  const registry = new CommandRegistry([{ name: 'report', options: {}, handler }])
  const { report } = commandActivities(registry, await testDeps({ log }))
  const attempt = { ...ATTEMPT, timeoutMs: 20 }
  await expect(new MockActivityEnvironment().run(report as CommandActivity, {}, attempt)).rejects.toMatchObject({
    type: 'timed_out',
  })
  const late = new RegExp(`^the handler ${how} [\\d.]+m?s after its attempt had ended; that changes nothing$`)
  await vi.waitFor(() => expect(warnings).toEqual([expect.stringMatching(late)]))
})
