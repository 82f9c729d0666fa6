/** How the runs of an agent end that stops; how attempts attach to them is in redelivery.test.ts. */
import { expect, test } from 'vitest'
import type { CommandContext } from '../sdk/context.js'
import { startRun, type HandlerRun } from './handler-run.js'
import { Runs } from './runs.js'
import { testRunDeps } from './test-run.testsuite.js'

/** A run that no attempt waits for. */
async function unattached(runs: Runs, handler: (context: CommandContext) => unknown): Promise<HandlerRun> {
  const deps = await testRunDeps()
  const key = { workflowRunId: `run-${Math.random()}`, run: 1 }
  const attempt = {
    invocationId: 'inv_report_0123456789abcdef',
    deployment: { id: 'dep_1', name: 'acme-corp' },
    attempt: 1,
    run: 1,
    deliveredBefore: 0,
    atMostOnce: true,
    timeoutMs: null,
    exposeStack: false,
  }
  const definition = { name: 'report', options: {}, handler: (_: unknown, context: CommandContext) => handler(context) }
  using attached = runs.attach(key, attempt, () => startRun(deps, { definition, params: {}, attempt, key }))
  return attached.run
}

const after = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms))

test('those that end within the grace time are waited for, and no longer', async () => {
  const runs = new Runs()
  const run = await unattached(runs, () => after(30).then(() => 'whole'))
  const beganMs = performance.now()
  await runs.drain(60_000)
  expect(performance.now() - beganMs).toBeLessThan(30_000)
  expect(await run.end).toEqual({ kind: 'succeeded', text: '"whole"' })
})

test('those that do not are told that the agent stops', async () => {
  const runs = new Runs()
  let reason: unknown
  const run = await unattached(runs, ({ signal }) => {
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => reject((reason = signal.reason) as Error))
    })
  })
  await runs.drain(20)
  expect(await run.end).toEqual({ kind: 'aborted', entered: true })
  expect(reason).toMatchObject({ code: 'canceled', message: 'the agent stops' })
})

test('those that were told already are not waited for', async () => {
  const runs = new Runs()
  const run = await unattached(runs, () => new Promise(() => undefined))
  run.abort(new Error('stopped'))
  const beganMs = performance.now()
  await runs.drain(60_000)
  expect(performance.now() - beganMs).toBeLessThan(30_000)
})

test('without any there is nothing to wait for', async () => {
  await new Runs().drain(60_000)
})
