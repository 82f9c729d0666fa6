/** `npm run example ai-agent`: an AI agent mends a project in its customer's environment; checks what came of it. */
import { startTestStack } from '@alienplatform/sdk/testing'
import type { CommandsClient } from '@alienplatform/sdk/commands'
import assert from 'node:assert/strict'
import { access, cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runAgent } from './vendor/harness.js'
import { printTurn } from './vendor/print-turn.js'
import { ScriptedModel } from './vendor/scripted-model.js'

const EXAMPLE = 'examples/ai-agent'

// The customer's machine: a workspace with a project, and a folder beside it that is none of the agent's business.
const machine = await mkdtemp(join(tmpdir(), 'alien-ai-agent-'))
const workspace = join(machine, 'workspace')
await cp(join(EXAMPLE, 'project'), workspace, { recursive: true })
await mkdir(`${workspace}-evil`)
await writeFile(`${workspace}-evil/payroll.csv`, 'none of your business')
process.env['ALIEN_LOG_LEVEL'] ??= 'warn'
process.env['WORKSPACE'] = workspace
process.env['ALIEN_WORKSPACE_BINDING'] = JSON.stringify({ service: 'local', path: workspace })

const stack = await startTestStack({ handlers: join(EXAMPLE, 'customer/handlers.ts') })
try {
  const commands = stack.client()
  await mend(commands)
  await leadOut(commands)
  await limitTime(commands)
  await cancel(commands)
  console.log('\nall as it should be')
} finally {
  await stack.close()
  await rm(machine, { recursive: true, force: true })
}

/** The task, from the first look to passing checks. */
async function mend(commands: CommandsClient): Promise<void> {
  console.log('task: make the checks of the project pass')
  const transcript = await runAgent(commands, new ScriptedModel(), printTurn)
  assert.equal(transcript.at(-1)?.say, 'All checks pass.')
  assert.match(await readFile(join(workspace, 'tax.mjs'), 'utf8'), /=> Math\.round\(/)
  assert.match(await readFile(join(workspace, 'discount.mjs'), 'utf8'), /=> price - Math\.round\(/)
}

async function leadOut(commands: CommandsClient): Promise<void> {
  console.log('\nwhat leads out of the workspace')
  const attempts = [
    ['list-files', { directory: '../workspace-evil' }],
    ['run', { script: 'cat payroll.csv', directory: '../workspace-evil' }],
    ['read-file', { path: '../workspace-evil/payroll.csv' }],
  ] as const
  for (const [command, params] of attempts) {
    const error = await commands.invoke(command, params).then(
      () => undefined,
      (thrown: unknown) => thrown,
    )
    assert(error instanceof Error && 'code' in error, `${command} let it pass`)
    assert.equal(error.code, 'command_failed')
    console.log(`  ${error.message}`)
  }
}

async function limitTime(commands: CommandsClient): Promise<void> {
  const result = await commands.invoke('run', { script: 'echo begun; sleep 60', timeLimitMs: 500 })
  assert.deepEqual(result, { exitCode: null, timedOut: true, output: 'begun', truncated: false })
  console.log('\na script of a minute, limited to half a second\n  timed out, and its output so far: begun')
}

/** Watches a script that has no end, and cancels it when it has seen enough. */
async function cancel(commands: CommandsClient): Promise<void> {
  console.log('\na script without end')
  const script = '(while true; do touch alive; sleep 0.1; done) & echo "child $!"; echo waiting; wait'
  const handle = await commands.start('run', { script })
  const lines: string[] = []
  for await (const event of handle.events()) {
    if (event.type === 'log') lines.push(event.message)
    if (lines.includes('waiting')) break
  }
  const verdict = await handle.cancel({ reason: 'seen enough' })
  assert.equal(verdict, 'stopped')
  // Its child has no more life in it than itself.
  await rm(join(workspace, 'alive'))
  const { output } = await commands.invoke<{ output: string }>('run', { script: 'sleep 0.5; ls' })
  assert(!output.split('\n').includes('alive'), 'its child runs on')
  await assert.rejects(access(join(workspace, 'alive')))
  console.log(`  says, while it runs: waiting\n  canceled: ${verdict}, with its child`)
}
