/** What a handler keeps for the attempt after it, whatever ends its own. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { Client, Connection, defaultPayloadConverter } from '@temporalio/client'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { runMigration } from '../chaos/migration.js'
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

/** Less than the default, so that a killed agent is noticed sooner. */
const LOST_AFTER_MS = 3_000

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
  const handle = await client.start('keep', { file, keep, then: 'hang' }, { heartbeatTimeoutMs: LOST_AFTER_MS })
  const agent = await agentOf(file)
  const shown = await eventually('Temporal has it', () => heartbeatOf(handle.id), 2_000)
  expect(shown).toEqual({ progress: { message: 'keeping' }, checkpoint: keep })
  process.kill(agent, 'SIGKILL')
  expect(await handle.result()).toEqual(keep)
})

/** Its thirty steps and five kills are a bar of `npm run chaos`. */
test('a migration goes on where it was, both times that its agent is killed', async () => {
  const [steps, killedAt] = [12, [4, 8]] as const
  const file = join(folder, 'migration')
  const migrated = await runMigration({ client, file, steps, killedAt, waitMs: 500, heartbeatTimeoutMs: LOST_AFTER_MS })
  expect(migrated.attempts).toBe(killedAt.length + 1)
  expect(new Set(migrated.steps)).toEqual(new Set(Array.from({ length: steps }, (_, index) => index + 1)))
  // What was done within the second or two before a kill may be done again.
  expect(migrated.steps.length).toBeLessThanOrEqual(steps + 3 * killedAt.length)
})

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
  expect(tookMs).toBeLessThan(60_000)
  expect(grownBytes).toBeLessThan(50e6)
})
