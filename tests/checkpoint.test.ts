/** What a handler keeps for the attempt after it, whatever ends its own. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { Client, Connection, defaultPayloadConverter } from '@temporalio/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { eventually } from './support/eventually.js'
import { errorOf, lines } from './support/outcome.js'

let stack: TestStack
let client: CommandsClient
let connection: Connection
let temporal: Client
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-checkpoint-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/long-handlers.ts' })
  client = stack.client()
  connection = await Connection.connect({ address: stack.state.temporalAddress })
  temporal = new Client({ connection })
})

afterAll(async () => {
  await connection.close()
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

/** What Temporal's Web UI shows of the attempt under way. */
async function heartbeatOf(id: string): Promise<unknown> {
  const { raw } = await temporal.workflow.getHandle(id).describe()
  const [payload] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? []
  return payload && defaultPayloadConverter.fromPayload(payload)
}

const agentOf = async (file: string): Promise<number> =>
  Number(/process (\d+)/.exec(await eventually('it runs', async () => (await lines(file))[0]))?.[1])

test('is in Temporal within a second, with the progress, and survives the kill of its agent', async () => {
  const file = join(folder, 'killed')
  const keep = { table: 'orders', rows: [1, 'ü', null] }
  const handle = await client.start('keep', { file, keep, then: 'hang' })
  const agent = await agentOf(file)
  const shown = await eventually('Temporal has it', () => heartbeatOf(handle.id), 2_000)
  expect(shown).toEqual({ progress: { message: 'keeping' }, checkpoint: keep })
  process.kill(agent, 'SIGKILL')
  expect(await handle.result()).toEqual(keep)
})

/** Thirty steps of a minute each, a minute taking a second. */
const STEPS = 30
const KILLED_AT = [5, 10, 15, 20, 25]
const MIGRATED_WITHIN_MS = 300_000

test(
  'a migration of half an hour goes on where it was, each of five times that its agent is killed',
  async () => {
    const file = join(folder, 'migration')
    const handle = await client.start('migrate', { file, steps: STEPS, waitMs: 1_000 })
    const attempts = async () => (await lines(file)).filter((line) => line.startsWith('attempt'))
    for (const killAt of KILLED_AT) {
      await eventually(
        `step ${killAt}`,
        async () => (await lines(file)).includes(`step ${killAt}`) || undefined,
        60_000,
      )
      const before = await attempts()
      process.kill(Number(/process (\d+)/.exec(before.at(-1) ?? '')?.[1]), 'SIGKILL')
      await eventually('the next attempt', async () => (await attempts()).length > before.length || undefined, 60_000)
    }
    const { attempt, from } = (await handle.result()) as { attempt: number; from: number }
    expect(attempt).toBe(KILLED_AT.length + 1)
    expect(from).toBeGreaterThanOrEqual(23)
    const steps = (await lines(file)).filter((line) => line.startsWith('step')).map((line) => Number(line.slice(5)))
    expect([...new Set(steps)]).toEqual(Array.from({ length: STEPS }, (_, index) => index + 1))
    // What was done within the second or two before a kill may be done again.
    expect(steps.length).toBeLessThanOrEqual(STEPS + 2 * KILLED_AT.length)
  },
  MIGRATED_WITHIN_MS,
)

test('survives an error of the handler, which stays what it is', async () => {
  const { id } = await client.start('keep', { keep: [7] })
  expect(await client.getInvocation(id).result()).toEqual([7])
  const { events } = await temporal.workflow.getHandle(id).fetchHistory()
  const failure = events?.find((event) => event.activityTaskFailedEventAttributes)?.activityTaskFailedEventAttributes
  const [details] = failure?.failure?.applicationFailureInfo?.details?.payloads ?? []
  expect(details && defaultPayloadConverter.fromPayload(details)).toEqual({
    name: 'Error',
    message: 'no',
    code: 'E_NO',
    details: { table: 'orders' },
  })
})

test('does not show in the error that the caller gets', async () => {
  const once = client.invoke('keep', { keep: 'secret' }, { retry: { maxAttempts: 1 } })
  expect(await errorOf(once)).toStrictEqual({
    code: 'command_failed',
    message: '"keep" failed: no',
    details: { name: 'Error', message: 'no', code: 'E_NO', details: { table: 'orders' } },
  })
})

test('survives the stop of its agent', async () => {
  const file = join(folder, 'stopped')
  const invocation = client.invoke('keep', { file, keep: { at: 1 }, then: 'until-stopped' })
  const agent = await agentOf(file)
  process.kill(agent, 'SIGTERM')
  expect(await invocation).toEqual({ at: 1 })
})

test('may be as large as its limit, beside params as large as theirs', async () => {
  const keep = 'x'.repeat(63_998)
  const padding = 'y'.repeat(2 * 1024 * 1024 - 64 * 1024 - JSON.stringify({ keep, padding: '' }).length)
  expect(await client.invoke('keep', { keep, padding })).toBe(keep)
})

test('what cannot be kept or shown is refused, and nothing is lost', async () => {
  const json = { code: 'invalid_request' }
  const size = { code: 'payload_too_large' }
  expect(await client.invoke('report-badly')).toMatchObject([json, size, json, size])
})

test('100,000 reports of progress slow nobody down', async () => {
  const { tookMs, grownBytes } = await client.invoke<{ tookMs: number; grownBytes: number }>('report-often', {
    count: 100_000,
  })
  expect(tookMs).toBeLessThan(3_000)
  expect(grownBytes).toBeLessThan(50e6)
})
