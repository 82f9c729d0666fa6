import type { Kysely, Selectable, Transaction } from 'kysely'
import type { InvocationEventStreamsTable, RegistrySchema } from './schema.js'

/** Kept of each invocation: its newest events, about 2,000 or as many as are that large. */
const MAX_KEPT_BYTES = 1_024 * 1_024
/** What an event counts for beside its size. */
const OVERHEAD_BYTES = 500

interface EventToKeep {
  /** On one line. */
  readonly json: string
  /** Of how many events it tells: more than one when it counts those that were dropped. */
  readonly count: number
}

interface KeptEvent {
  readonly seq: number
  readonly type: string
  readonly json: string
}

/** Events of one attempt, as they came. */
export interface EventBatch {
  readonly invocationId: string
  readonly attempt: number
  /** The number that the attempt's agent gave to the first of them. */
  readonly first: number
  readonly events: readonly EventToKeep[]
  /** Whether nothing follows from this attempt; then one more number was given. */
  readonly finishes: boolean
}

export interface EventHead {
  /** Number of the newest event. */
  readonly lastSeq: number
  /** Whether the newest attempt that said anything has said all. */
  readonly finished: boolean
}

/** Some events of one invocation, in their order. */
export interface EventChunk {
  /** How many that should come before them are no longer there. */
  readonly missing: number
  readonly events: readonly KeptEvent[]
}

type Stream = Selectable<InvocationEventStreamsTable>

/** What handlers said while they ran, for whoever follows them. */
export class InvocationEvents {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** All or nothing. Those that were there already, and those of an attempt that has been followed by another, are left out. */
  async append(batches: readonly EventBatch[]): Promise<void> {
    // Always in the same order, so that two control planes never wait for each other.
    const sorted = [...batches].sort((a, b) => (a.invocationId < b.invocationId ? -1 : 1))
    await this.#db.transaction().execute(async (transaction) => {
      for (const batch of sorted) await appendBatch(transaction, batch)
    })
  }

  /** Those of the invocations that have said anything. */
  async heads(invocationIds: readonly string[]): Promise<Map<string, EventHead>> {
    if (invocationIds.length === 0) return new Map()
    const rows = await this.#db
      .selectFrom('invocation_event_streams')
      .select(['invocation_id', 'last_seq', 'finished'])
      .where('invocation_id', 'in', invocationIds)
      .execute()
    return new Map(
      rows.map(({ invocation_id: id, last_seq: lastSeq, finished }) => [id, { lastSeq, finished: finished === 1 }]),
    )
  }

  /** The next events after the number `after` that are still there; `undefined` when there are none. */
  async next(invocationId: string, after: number): Promise<EventChunk | undefined> {
    const row = await this.#db
      .selectFrom('invocation_events')
      .select(['first_seq', 'events'])
      .where('invocation_id', '=', invocationId)
      .where('last_seq', '>', after)
      .orderBy('last_seq')
      .limit(1)
      .executeTakeFirst()
    if (row === undefined) return undefined
    const events = [...numbered(row.first_seq, row.events)].filter(({ seq }) => seq > after)
    return { missing: Math.max(row.first_seq - after - 1, 0), events }
  }

  /** Forgets at most `limit` invocations' events that were written last before `before`, and tells how many it were. */
  async forget(before: Date, limit: number): Promise<number> {
    const forgotten = await this.#db
      .deleteFrom('invocation_event_streams')
      .where('invocation_id', 'in', (where) =>
        where
          .selectFrom('invocation_event_streams')
          .select('invocation_id')
          .where('updated_at', '<', before.toISOString())
          .orderBy('updated_at')
          .limit(limit),
      )
      .executeTakeFirst()
    return Number(forgotten.numDeletedRows)
  }
}

async function appendBatch(transaction: Transaction<RegistrySchema>, batch: EventBatch): Promise<void> {
  const { invocationId, attempt, first, finishes } = batch
  const stream = await lockedStream(transaction, invocationId)
  if (attempt < stream.attempt) return
  const isNewAttempt = attempt > stream.attempt
  const known = Math.max((isNewAttempt ? 0 : stream.attempt_seq) + 1 - first, 0)
  const events = batch.events.slice(known)
  const numbers = batch.events.length + (finishes ? 1 : 0)
  if (known >= numbers) return
  const lastSeq = events.reduce((seq, { count }) => seq + count, stream.last_seq)
  const text = events.map(({ json }) => json).join('\n')
  const writtenBytes = stream.written_bytes + Buffer.byteLength(text) + events.length * OVERHEAD_BYTES
  if (events.length > 0) {
    await transaction
      .insertInto('invocation_events')
      .values({
        invocation_id: invocationId,
        last_seq: lastSeq,
        first_seq: stream.last_seq + 1,
        end_bytes: writtenBytes,
        events: text,
      })
      .execute()
    await forgetOldest(transaction, invocationId, lastSeq, writtenBytes)
  }
  await transaction
    .updateTable('invocation_event_streams')
    .set({
      last_seq: lastSeq,
      written_bytes: writtenBytes,
      attempt,
      attempt_seq: first + numbers - 1,
      finished: finishes || (stream.finished === 1 && !isNewAttempt) ? 1 : 0,
    })
    .where('invocation_id', '=', invocationId)
    .execute()
}

/** Nobody else changes it until the transaction ends. */
function lockedStream(transaction: Transaction<RegistrySchema>, invocationId: string): Promise<Stream> {
  const updatedAt = new Date().toISOString()
  return transaction
    .insertInto('invocation_event_streams')
    .values({
      invocation_id: invocationId,
      last_seq: 0,
      written_bytes: 0,
      attempt: 0,
      attempt_seq: 0,
      finished: 0,
      updated_at: updatedAt,
    })
    .onConflict((conflict) => conflict.column('invocation_id').doUpdateSet({ updated_at: updatedAt }))
    .returningAll()
    .executeTakeFirstOrThrow()
}

async function forgetOldest(
  transaction: Transaction<RegistrySchema>,
  invocationId: string,
  lastSeq: number,
  writtenBytes: number,
): Promise<void> {
  await transaction
    .deleteFrom('invocation_events')
    .where('invocation_id', '=', invocationId)
    // The newest stay, however large.
    .where('last_seq', '<', lastSeq)
    .where('end_bytes', '<=', writtenBytes - MAX_KEPT_BYTES)
    .execute()
}

function* numbered(firstSeq: number, lines: string): Generator<KeptEvent> {
  let seq = firstSeq - 1
  for (const json of lines.split('\n')) {
    const { type, count } = JSON.parse(json) as { type: string; count?: number }
    seq += type === 'dropped' ? (count ?? 1) : 1
    yield { seq, type, json }
  }
}
