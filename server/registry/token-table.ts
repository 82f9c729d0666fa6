/** What is done to tokens of either kind alike. */
import type { Kysely } from 'kysely'
import type { RegistrySchema } from './schema.js'
import {
  isGood,
  lookupOf,
  newId,
  newToken,
  overlapEnd,
  statusOf,
  successorExpiry,
  TOKEN_ID_PREFIXES,
  tokenColumns,
} from './tokens.js'

const KINDS = { api_keys: 'api-key', agent_tokens: 'agent-token' } as const
type TokenTable = keyof typeof KINDS

/** Which of these are the hashes of tokens that are neither revoked nor expired. One question for all. */
export async function goodHashes(
  db: Kysely<RegistrySchema>,
  table: TokenTable,
  hashes: readonly string[],
): Promise<string[]> {
  const rows = await db
    .selectFrom(table)
    .select('token_hash')
    .where('token_lookup', 'in', hashes.map(lookupOf))
    .where(isGood())
    .execute()
  const wanted = new Set(hashes)
  return rows.map((row) => row.token_hash).filter((hash) => wanted.has(hash))
}

/** Takes effect at once here, and elsewhere when a verification is not older. Again is no harm. */
export async function revokeToken(db: Kysely<RegistrySchema>, table: TokenTable, id: string): Promise<void> {
  await db
    .updateTable(table)
    .set({ revoked_at: new Date().toISOString() })
    .where('id', '=', id)
    .where('revoked_at', 'is', null)
    .execute()
}

/**
 * A new token that may do the same and has as long a life; the old one expires after `overlapMs`, unless it does so
 * sooner. `undefined` when there is no such token, or it is no longer good.
 */
export function rotateToken(
  db: Kysely<RegistrySchema>,
  table: TokenTable,
  id: string,
  overlapMs: number,
): Promise<{ id: string; token: string } | undefined> {
  const kind = KINDS[table]
  const successor = { id: newId(TOKEN_ID_PREFIXES[kind]), token: newToken(kind) }
  return db.transaction().execute(async (transaction) => {
    const tokens = transaction.updateTable(table).where('id', '=', id)
    // Changes nothing, and holds off whoever would revoke it meanwhile.
    const row = await tokens
      .set((columns) => ({ revoked_at: columns.ref('revoked_at') }))
      .returningAll()
      .executeTakeFirst()
    if (row === undefined || statusOf(row) !== 'active') return undefined
    await tokens.set({ expires_at: overlapEnd(row, overlapMs) }).execute()
    const columns = tokenColumns(successor.id, successor.token, successorExpiry(row))
    await transaction
      .insertInto(table)
      .values({ ...row, ...columns })
      .execute()
    return successor
  })
}
