import type { Kysely } from 'kysely'
import { CommandError } from '../../protocol/errors.js'
import type { Rights, Scope } from '../../protocol/rights.js'
import type { ApiKeyInfo } from '../../protocol/tokens.js'
import type { ApiKeysTable, RegistrySchema } from './schema.js'
import { goodHashes, revokeToken, rotateToken } from './token-table.js'
import {
  factsOf,
  hashToken,
  isGood,
  isLive,
  lookupOf,
  newId,
  newToken,
  TOKEN_ID_PREFIXES,
  tokenColumns,
} from './tokens.js'

/** 32 hex digits are 128 bits: what an operator's own token must have at least. Printable, to fit an HTTP header. */
const TOKEN = /^[\x21-\x7e]{32,256}$/

const EVERYTHING: Rights = { scopes: ['admin'], deployments: ['*'], commands: ['*'] }

export interface NewApiKey {
  readonly name: string
  /** Default: a new one. */
  readonly token?: string | undefined
  /** Default: everything. */
  readonly rights?: Rights | undefined
  /** Default: never. */
  readonly expiresAt?: Date | null | undefined
}

export interface ApiKey extends Rights {
  readonly id: string
  readonly name: string
  /** ISO 8601; `null`: never. */
  readonly expiresAt: string | null
}

/** The vendor side's credentials. */
export class ApiKeys {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /**
   * Makes a key. With `token`, that is the key's token; when it has been added before, the key that has it is given,
   * so that a control plane may do this at every start.
   *
   * @throws `invalid_request` when `token` has not 32 to 256 printable characters; `conflict` when its key is revoked
   * or expired.
   */
  async create({
    name,
    token = newToken('api-key'),
    rights = EVERYTHING,
    expiresAt = null,
  }: NewApiKey): Promise<{ id: string; token: string }> {
    assertToken(token)
    const id = newId(TOKEN_ID_PREFIXES['api-key'])
    const created = await this.#db
      .insertInto('api_keys')
      .values({ ...tokenColumns(id, token, expiresAt), name, ...rightsColumns(rights) })
      .onConflict((conflict) => conflict.column('token_lookup').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (created) return { id, token }
    const existing = await this.verify(token)
    if (existing) return { id: existing.id, token }
    throw new CommandError('conflict', `the token given for api key "${name}" is revoked or expired; choose another`)
  }

  /** The key that has this token; `undefined` when there is none, or it is revoked or expired. */
  async verify(token: string): Promise<ApiKey | undefined> {
    const hash = hashToken(token)
    const row = await this.#db
      .selectFrom('api_keys')
      .selectAll()
      .where('token_lookup', '=', lookupOf(hash))
      // One that is no longer good is not even read, so that it takes no longer than one that never was.
      .where(isGood())
      .executeTakeFirst()
    if (!isLive(row, hash)) return undefined
    return { id: row.id, name: row.name, expiresAt: row.expires_at, ...rightsOf(row) }
  }

  /** Which of these are the hashes of tokens that {@link verify} takes. */
  goodHashes(hashes: readonly string[]): Promise<string[]> {
    return goodHashes(this.#db, 'api_keys', hashes)
  }

  /** All of them, newest first. */
  async list(): Promise<ApiKeyInfo[]> {
    const rows = await this.#db.selectFrom('api_keys').selectAll().orderBy('created_at', 'desc').execute()
    return rows.map(infoOf)
  }

  async find(id: string): Promise<ApiKeyInfo | undefined> {
    const row = await this.#db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()
    return row && infoOf(row)
  }

  /** Takes effect at once here, and elsewhere when a verification is not older. Again is no harm. */
  revoke(id: string): Promise<void> {
    return revokeToken(this.#db, 'api_keys', id)
  }

  /**
   * A new key with the same rights and as long a life; the old one expires after `overlapMs`, unless it does so sooner.
   * `undefined` when there is no such key, or it is no longer good.
   */
  rotate(id: string, overlapMs: number): Promise<{ id: string; token: string } | undefined> {
    return rotateToken(this.#db, 'api_keys', id, overlapMs)
  }
}

function assertToken(token: string): void {
  if (TOKEN.test(token)) return
  throw new CommandError(
    'invalid_request',
    `the api key token has ${token.length} characters; it must have 32 to 256 printable ones and no space, as openssl rand -hex 32 gives`,
  )
}

const rightsColumns = ({ scopes, deployments, commands }: Rights) => ({
  scopes: JSON.stringify(scopes),
  deployment_patterns: JSON.stringify(deployments),
  command_patterns: JSON.stringify(commands),
})

const rightsOf = (row: ApiKeysTable): Rights => ({
  scopes: JSON.parse(row.scopes) as Scope[],
  deployments: JSON.parse(row.deployment_patterns) as string[],
  commands: JSON.parse(row.command_patterns) as string[],
})

const infoOf = (row: ApiKeysTable): ApiKeyInfo => ({ kind: 'api-key', ...factsOf(row), ...rightsOf(row) })
