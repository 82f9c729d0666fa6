/**
 * Ids and tokens. A token is 256 random bits, shown once; the registry keeps only its SHA-256. The first half of the
 * hash finds the row, and the whole is then compared in constant time, so that how long a refusal takes says nothing
 * about the half that was not looked up.
 */
import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

const BASE32 = 'abcdefghijklmnopqrstuvwxyz234567'
const ID_LENGTH = 20
const TOKEN_BYTES = 32
const LOOKUP_LENGTH = 32

/** A random id of 100 bits, e.g. `dep_` and 20 base32 characters. */
export const newId = (prefix: string): string =>
  prefix + Array.from(randomBytes(ID_LENGTH), (byte) => BASE32.charAt(byte % BASE32.length)).join('')

/** A new API key (`key_…`) or agent token (`agt_…`). */
export const newToken = (kind: 'key' | 'agt'): string => `${kind}_${randomBytes(TOKEN_BYTES).toString('base64url')}`

/** SHA-256 of a token, hex. */
export const hashToken = (token: string): string => createHash('sha256').update(token).digest('hex')

/** The part of {@link hashToken} by which a row is found. */
export const lookupOf = (hash: string): string => hash.slice(0, LOOKUP_LENGTH)

interface StoredToken {
  readonly token_hash: string
  readonly expires_at: string | null
  readonly revoked_at: string | null
}

/** Whether `row` is the token with this hash, neither revoked nor expired. */
export const isLive = (row: StoredToken, hash: string): boolean =>
  timingSafeEqual(Buffer.from(row.token_hash), Buffer.from(hash)) &&
  row.revoked_at === null &&
  (row.expires_at === null || Date.parse(row.expires_at) > Date.now())
