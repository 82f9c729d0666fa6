/**
 * What the task tokens of agents are sealed with, shared by the control planes of one registry.
 *
 *   made ──(10 s: all control planes know it)──► seals ──(has a successor)──► opens ──► gone
 *
 * 1. No key seals before every control plane has had the time to read it: what one seals, all open.
 * 2. A key that has a successor opens for the overlap from then on when the successor seals.
 */
import { randomBytes } from 'node:crypto'
import type { Kysely, Selectable } from 'kysely'
import { SEALING_KEY_SPREAD_MS, type RotatedSealingKey } from '../../protocol/sealing-keys.js'
import type { RegistrySchema, SealingKeysTable } from './schema.js'
import { newId } from './tokens.js'

const KEY_BYTES = 32
/** The one that every control plane makes, should it be the first. */
const FIRST = 'first'

export class SealingKeys {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** Of 32 bytes each: the first seals now, all open. The first key of all is made by whoever asks first. */
  async all(now = new Date()): Promise<[Buffer, ...Buffer[]]> {
    let rows = await this.#opening(now)
    if (rows.length === 0) {
      await this.#db
        .insertInto('sealing_keys')
        .values(newRow(FIRST, now))
        .onConflict((conflict) => conflict.column('id').doNothing())
        .execute()
      rows = await this.#opening(now)
    }
    return sealingFirst(rows, now).map(({ key }) => Buffer.from(key, 'base64')) as [Buffer, ...Buffer[]]
  }

  /** A new key. It seals in {@link SEALING_KEY_SPREAD_MS}; those before it open until `overlapMs` after that. */
  async rotate(overlapMs: number, now = new Date()): Promise<RotatedSealingKey> {
    const row = newRow(newId('seal_'), now)
    const sealsFromMs = now.getTime() + SEALING_KEY_SPREAD_MS
    const olderOpenUntil = new Date(sealsFromMs + overlapMs).toISOString()
    await this.#db.transaction().execute(async (transaction) => {
      await transaction.deleteFrom('sealing_keys').where('opens_until', '<', now.toISOString()).execute()
      await transaction
        .updateTable('sealing_keys')
        .set({ opens_until: olderOpenUntil })
        .where((where) => where.or([where('opens_until', 'is', null), where('opens_until', '>', olderOpenUntil)]))
        .execute()
      await transaction.insertInto('sealing_keys').values(row).execute()
    })
    return { id: row.id, sealsFrom: new Date(sealsFromMs).toISOString(), olderOpenUntil }
  }

  /** Newest first. */
  #opening(now: Date): Promise<Selectable<SealingKeysTable>[]> {
    return this.#db
      .selectFrom('sealing_keys')
      .selectAll()
      .where((where) => where.or([where('opens_until', 'is', null), where('opens_until', '>', now.toISOString())]))
      .orderBy('created_at', 'desc')
      .orderBy('id')
      .execute()
  }
}

function newRow(id: string, now: Date): SealingKeysTable {
  const key = randomBytes(KEY_BYTES).toString('base64')
  return { id, key, created_at: now.toISOString(), opens_until: null }
}

/** The newest that all know, and before there is such a one the oldest, beside which there was no other. */
function sealingFirst<Row extends SealingKeysTable>(rows: readonly Row[], now: Date): Row[] {
  const known = new Date(now.getTime() - SEALING_KEY_SPREAD_MS).toISOString()
  const sealing = rows.find(({ created_at }) => created_at <= known) ?? rows.at(-1)
  return [...(sealing ? [sealing] : []), ...rows.filter((row) => row !== sealing)]
}
