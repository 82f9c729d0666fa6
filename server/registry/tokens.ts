/**
 * Ids and tokens. A token is 256 random bits, shown once; the registry keeps only its SHA-256. The first half of the
 * hash finds the row, and the whole is then compared in constant time, so that how long a refusal takes says nothing
 * about the half that was not looked up.
 */
import { AGENT_TOKEN_PREFIX } from '../../protocol/tokens.js'
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { sql } from 'kysely'
import type { TokenColumns } from './schema.js'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const ID_LENGTH = 20
const TOKEN_BYTES = 32
const LOOKUP_LENGTH = 32

/** The ids of tokens, by which they are named where the tokens themselves must not be shown. */
export const TOKEN_ID_PREFIXES = { 'api-key': 'keyid_', 'agent-token': 'agtid_' } as const

const TOKEN_ID = /^(keyid|agtid)_[a-z2-7]{20}$/

export const isTokenId = (id: unknown): id is string => typeof id === 'string' && TOKEN_ID.test(id)

/** A random id of 100 bits, e.g. `dep_` and 20 base32 characters. */
export const newId = (prefix: string): string =>
  prefix + Array.from(randomBytes(ID_LENGTH), (byte) => BASE32.charAt(byte % BASE32.length)).join('')

const TOKEN_PREFIXES = { 'api-key': 'key_', 'agent-token': AGENT_TOKEN_PREFIX } as const

/** A new API key (`key_…`) or agent token (`agt_…`). */
export const newToken = (kind: keyof typeof TOKEN_PREFIXES): string =>
  TOKEN_PREFIXES[kind] + randomBytes(TOKEN_BYTES).toString('base64url')

/** SHA-256 of a token, hex. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** The part of {@link hashToken} by which a row is found. */
export const lookupOf = (hash: string): string => hash.slice(0, LOOKUP_LENGTH)

type StoredToken = Pick<TokenColumns, 'token_hash' | 'expires_at' | 'revoked_at'>

/** What is compared where there is no such row, so that finding none takes as long as finding a wrong one. */
const NOBODY: StoredToken = { token_hash: '0'.repeat(64), expires_at: null, revoked_at: null }

/** In SQL, what {@link statusOf} calls active. */
export const isGood = () =>
  sql<boolean>`revoked_at is null and (expires_at is null or expires_at > ${new Date().toISOString()})`

/** Whether `row` is the token with this hash, neither revoked nor expired. */
export function isLive<Row extends StoredToken>(row: Row | undefined, hash: string): row is Row {
  const { token_hash, expires_at, revoked_at } = row ?? NOBODY
  const isSame = timingSafeEqual(Buffer.from(token_hash), Buffer.from(hash))
  return statusOf({ expires_at, revoked_at }) === 'active' && isSame && row !== undefined
}

/** Revoked is said of one that is both. */
export function statusOf({
  expires_at,
  revoked_at,
}: Omit<StoredToken, 'token_hash'>): 'active' | 'expired' | 'revoked' {
  if (revoked_at !== null) return 'revoked'
  return expires_at !== null && Date.parse(expires_at) <= Date.now() ? 'expired' : 'active'
}

/** The columns of a new token. */
export function tokenColumns(id: string, token: string, expiresAt: Date | null): TokenColumns {
  const hash = hashToken(token)
  return {
    id,
    token_lookup: lookupOf(hash),
    token_hash: hash,
    created_at: new Date().toISOString(),
    expires_at: expiresAt?.toISOString() ?? null,
    revoked_at: null,
  }
}

/** What the API shows of any token. */
export const factsOf = (row: TokenColumns & { readonly name: string }) => ({
  id: row.id,
  name: row.name,
  status: statusOf(row),
  createdAt: row.created_at,
  expiresAt: row.expires_at,
  revokedAt: row.revoked_at,
})

/** When a token that takes the place of `row` has to expire, to be good for as long as that was meant to be. */
export const successorExpiry = ({ created_at, expires_at }: TokenColumns): Date | null =>
  expires_at === null ? null : new Date(Date.now() + Date.parse(expires_at) - Date.parse(created_at))

/** When a token that has a successor expires. */
export function overlapEnd({ expires_at }: TokenColumns, overlapMs: number): string {
  const end = new Date(Date.now() + overlapMs).toISOString()
  return expires_at !== null && expires_at < end ? expires_at : end
}
