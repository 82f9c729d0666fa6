/** The example of an AI agent, when its agent is killed under a script. */
import { startTestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import { processesOf } from './support/dev-process.js'
import { eventually } from './support/eventually.js'
import { errorOf } from './support/outcome.js'

test('a script ends with a killed agent, all it started as well, and is not run again', async () => {
  const workspace = await mkdtemp(join(tmpdir(), 'alien-ai-agent-'))
  process.env['WORKSPACE'] = workspace
  process.env['ALIEN_WORKSPACE_BINDING'] = JSON.stringify({ service: 'local', path: workspace })
  const stack = await startTestStack({ handlers: 'examples/ai-agent/customer/handlers.ts' })
  onTestFinished(async () => {
    await stack.close()
    await rm(workspace, { recursive: true, force: true })
  })
  const file = (name: string): Promise<string | undefined> =>
    readFile(join(workspace, name), 'utf8').catch(() => undefined)
  const script = `echo begun >> begun; (trap '' TERM; while true; do echo > alive; sleep 0.05; done) & wait`
  const failed = errorOf(stack.client().invoke('run', { script, timeLimitMs: 60_000 }))
  await eventually('its child lives', () => file('alive'))
  const [line = ''] = (await processesOf(join(stack.registryFile, '..'))).filter((text) => text.includes('agent-main'))
  process.kill(Number.parseInt(line, 10), 'SIGKILL')
  expect(await failed).toMatchObject({ code: 'outcome_unknown' })
  await rm(join(workspace, 'alive'), { force: true })
  await delay(300)
  expect(await file('alive')).toBeUndefined()
  expect(await file('begun')).toBe('begun\n')
})
