import { randomBytes } from 'node:crypto'
import type { Kysely } from 'kysely'
import type { RegistrySchema } from './schema.js'

const KEY_BYTES = 32
/** The one that every control plane makes, should it be the first. */
const FIRST = 'first'

/** What the task tokens of agents are sealed with, shared by the control planes of one registry. */
export class SealingKeys {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** Of 32 bytes each, newest first. The first key is made by whoever asks first. */
  async all(): Promise<[Buffer, ...Buffer[]]> {
    const made = { id: FIRST, key: randomBytes(KEY_BYTES).toString('base64'), created_at: new Date().toISOString() }
    await this.#db
      .insertInto('sealing_keys')
      .values(made)
      .onConflict((conflict) => conflict.column('id').doNothing())
      .execute()
    const rows = await this.#db.selectFrom('sealing_keys').select('key').orderBy('created_at', 'desc').execute()
    return rows.map(({ key }) => Buffer.from(key, 'base64')) as [Buffer, ...Buffer[]]
  }
}
