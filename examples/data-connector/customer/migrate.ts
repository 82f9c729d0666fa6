/**
 * Brings the schema to a version. Safe when its agent is lost and the command is delivered again, even while the first
 * delivery still runs somewhere:
 *
 * 1. How far a step is stands in the database, and changes in the transaction that does the work.
 * 2. Whoever advances a step holds the lock of migrations until the end of that transaction.
 *
 * The checkpoint is for speed, and for people: the next attempt starts there instead of asking for every step.
 */
import type { CommandContext } from '@alienplatform/sdk'
import { MIGRATIONS, type Step } from './migrations.js'
import { inTransaction, type Query } from './warehouse.js'

/** Any number that nothing else locks by. */
const LOCK = 'select pg_advisory_xact_lock(4172019)'

const TABLE = `create table if not exists migration_steps (
  version text, step int, last_id bigint not null, done boolean not null, primary key (version, step))`

interface PlannedStep {
  readonly version: string
  readonly index: number
  readonly step: Step
}

interface Position {
  readonly lastId: string
  readonly done: boolean
}

export interface MigrationResult {
  readonly status: 'completed'
  readonly version: string
  /** Transactions of this attempt. */
  readonly transactions: number
}

/** @throws {RangeError} when there is no such version */
export async function migrate(version: string, context: CommandContext): Promise<MigrationResult> {
  const plan = planTo(version)
  await inTransaction('read write', context, async (query) => {
    await query(LOCK)
    await query(TABLE)
  })
  let transactions = 0
  for (let done = Number(context.lastCheckpoint ?? 0); done < plan.length; done += 1) {
    const planned = plan[done]
    if (planned === undefined) break
    for (let position; position?.done !== true; transactions += 1) {
      position = await inTransaction('read write', context, (query) => advance(query, planned))
      await context.progress({ done, total: plan.length, message: messageOf(planned, position) })
    }
    await context.checkpoint(done + 1)
  }
  return { status: 'completed', version, transactions }
}

function planTo(version: string): PlannedStep[] {
  const last = MIGRATIONS.findIndex((migration) => migration.version === version)
  if (last === -1) {
    const known = MIGRATIONS.map((migration) => migration.version).join(', ')
    throw new RangeError(`there is no version "${version}"; there are ${known}`)
  }
  return MIGRATIONS.slice(0, last + 1).flatMap((migration) =>
    migration.steps.map((step, index) => ({ version: migration.version, index, step })),
  )
}

const messageOf = ({ version, step }: PlannedStep, { lastId, done }: Position): string =>
  `${version}: ${step.name}${done ? '' : `, up to id ${lastId}`}`

/** One transaction's work: all of the step, or its next batch. */
async function advance(query: Query, { version, index, step }: PlannedStep): Promise<Position> {
  await query(LOCK)
  const [position = { lastId: '0', done: false }] = await query<Position>(
    'select last_id as "lastId", done from migration_steps where version = $1 and step = $2',
    [version, index],
  )
  if (position.done) return position
  const next = await run(query, step, position.lastId)
  await query(
    `insert into migration_steps values ($1, $2, $3, $4)
     on conflict (version, step) do update set last_id = excluded.last_id, done = excluded.done`,
    [version, index, next.lastId, next.done],
  )
  return next
}

async function run(query: Query, { sql, batch }: Step, lastId: string): Promise<Position> {
  if (batch === undefined) {
    await query(sql)
    return { lastId, done: true }
  }
  const { table, rows } = batch
  const found = await query<{ id: number }>(`select id from ${table} where id > $1 order by id limit $2`, [
    lastId,
    rows,
  ])
  const ids = found.map(({ id }) => id)
  await query(sql, [ids])
  return { lastId: String(ids.at(-1) ?? lastId), done: ids.length < rows }
}
