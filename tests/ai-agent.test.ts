/** The example of an AI agent: its loop when things go wrong, and when its agent is killed under a script. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test } from 'vitest'
import {
  runAgent,
  type Model,
  type ToolCall,
  type ToolResult,
  type TranscriptEntry,
} from '../examples/ai-agent/vendor/harness.js'
import { processesOf } from './support/dev-process.js'
import { eventually } from './support/eventually.js'
import { errorOf } from './support/outcome.js'

/** Until the test has ended. */
async function startExample(): Promise<{ stack: TestStack; workspace: string }> {
  const workspace = await mkdtemp(join(tmpdir(), 'alien-ai-agent-'))
  process.env['WORKSPACE'] = workspace
  process.env['ALIEN_WORKSPACE_BINDING'] = JSON.stringify({ service: 'local', path: workspace })
  const stack = await startTestStack({ handlers: 'examples/ai-agent/customer/handlers.ts' })
  onTestFinished(async () => {
    await stack.close()
    await rm(workspace, { recursive: true, force: true })
  })
  return { stack, workspace }
}

/** Says the same again and again, and keeps what it is told. */
class Insistent implements Model {
  readonly told: (readonly ToolResult[])[] = []
  readonly #calls: readonly ToolCall[]
  readonly #turns: number

  constructor(calls: readonly ToolCall[], turns: number) {
    this.#calls = calls
    this.#turns = turns
  }

  next(results: readonly ToolResult[]) {
    this.told.push(results)
    const isDone = this.told.length > this.#turns
    return Promise.resolve({ say: isDone ? 'done' : 'once more', calls: isDone ? [] : this.#calls })
  }
}

test('the loop gives errors of tools to the model, beside the results of others, and goes on', async () => {
  const { stack } = await startExample()
  const calls: ToolCall[] = [
    { command: 'read-file', params: { path: 'missing.md' } },
    { command: 'list-files', params: { directory: '.' } },
    { command: 'list-files', params: { directory: 7 } },
    { command: 'mend-it', params: {} },
  ]
  const model = new Insistent(calls, 1)
  const transcript = await runAgent(stack.client(), model, () => undefined)
  const outcomes = [
    {
      error: {
        code: 'command_failed',
        message: '"read-file" failed: BindingError: no object "missing.md" in storage "workspace"',
      },
    },
    { value: [] },
    { error: { code: 'invalid_params', message: expect.stringMatching(/^the params of "list-files"/) as string } },
    { error: { code: 'command_not_found', message: expect.stringContaining('"mend-it"') as string } },
  ]
  const results = calls.map((call, n) => ({ ...call, outcome: outcomes[n] }))
  expect(model.told).toEqual([[], results])
  expect(transcript).toEqual([
    { say: 'once more', results },
    { say: 'done', results: [] },
  ])
})

test('the loop ends a model that comes to no end', async () => {
  const { stack } = await startExample()
  const model = new Insistent([{ command: 'list-files', params: { directory: '.' } }], Infinity)
  const turns: TranscriptEntry[] = []
  await expect(runAgent(stack.client(), model, (entry) => turns.push(entry))).rejects.toThrow(
    'the model did not come to an end within 20 turns',
  )
  expect(turns).toHaveLength(20)
  expect(model.told).toHaveLength(20)
})

test('a script ends with a killed agent, all it started as well, and is not run again', async () => {
  const { stack, workspace } = await startExample()
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
