/** A migration whose agent is killed again and again, and what it did all the same. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { readFile } from 'node:fs/promises'
import { eventually } from '../tests/support/eventually.js'

export interface MigrationOptions {
  /** Of a deployment that has `tests/fixtures/migrate.ts` as its command `migrate`. */
  readonly client: CommandsClient
  /** Where its steps leave a line each. */
  readonly file: string
  readonly steps: number
  /** Of each step. */
  readonly waitMs: number
  /** After which steps the agent's process is killed. */
  readonly killedAt: readonly number[]
  readonly heartbeatTimeoutMs?: number
}

export interface Migrated {
  /** Handlers that were entered. */
  readonly attempts: number
  /** As they were done, those that were done again as well. */
  readonly steps: readonly number[]
}

/** A step, or the next attempt after a kill. */
const COMES_WITHIN_MS = 60_000

export async function runMigration(options: MigrationOptions): Promise<Migrated> {
  const { client, file, steps, waitMs, killedAt, ...policy } = options
  const linesOf = async (kind: string): Promise<string[]> =>
    (await readFile(file, 'utf8').catch(() => '')).split('\n').filter((line) => line.startsWith(kind))
  const handle = await client.start('migrate', { file, steps, waitMs }, policy)
  for (const step of killedAt) {
    const isDone = async () => (await linesOf('step')).includes(`step ${step}`) || undefined
    await eventually(`step ${step}`, isDone, COMES_WITHIN_MS)
    const before = await linesOf('attempt')
    process.kill(Number(/process (\d+)/.exec(before.at(-1) ?? '')?.[1]), 'SIGKILL')
    const isNext = async () => (await linesOf('attempt')).length > before.length || undefined
    await eventually('the next attempt', isNext, COMES_WITHIN_MS)
  }
  await handle.result()
  return {
    attempts: (await linesOf('attempt')).length,
    steps: (await linesOf('step')).map((line) => Number(line.slice(5))),
  }
}
