import type { Kysely } from 'kysely'
import { CommandError } from '../../protocol/errors.js'
import type { RegistrySchema } from './schema.js'
import { hashToken, isLive, lookupOf, newId, newToken } from './tokens.js'

/** 32 hex digits are 128 bits: what an operator's own token must have at least. Printable, to fit an HTTP header. */
const TOKEN = /^[\x21-\x7e]{32,256}$/

/** Every key may do everything, until keys can be limited. */
const SCOPES: readonly string[] = ['admin']

export interface ApiKey {
  readonly id: string
  readonly name: string
  readonly scopes: readonly string[]
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
    token = newToken('key'),
  }: {
    readonly name: string
    readonly token?: string | undefined
  }): Promise<{ id: string; token: string }> {
    assertToken(token)
    const hash = hashToken(token)
    const id = newId('keyid_')
    const created = await this.#db
      .insertInto('api_keys')
      .values({
        id,
        name,
        scopes: JSON.stringify(SCOPES),
        token_lookup: lookupOf(hash),
        token_hash: hash,
        created_at: new Date().toISOString(),
        expires_at: null,
        revoked_at: null,
      })
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
      .select(['id', 'name', 'scopes', 'token_hash', 'expires_at', 'revoked_at'])
      .where('token_lookup', '=', lookupOf(hash))
      .executeTakeFirst()
    if (!row || !isLive(row, hash)) return undefined
    return { id: row.id, name: row.name, scopes: JSON.parse(row.scopes) as string[] }
  }
}

function assertToken(token: string): void {
  if (TOKEN.test(token)) return
  throw new CommandError(
    'invalid_request',
    `the api key token has ${token.length} characters; it must have 32 to 256 printable ones and no space, as openssl rand -hex 32 gives`,
  )
}
