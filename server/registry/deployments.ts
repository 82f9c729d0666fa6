import type { Kysely } from 'kysely'
import { CommandError } from '../../protocol/errors.js'
import { nearest, nearestHint } from '../../protocol/suggest.js'
import type { PushTransport, Transport } from '../../protocol/transport.js'
import type { DeploymentsTable, RegistrySchema } from './schema.js'
import { newId } from './tokens.js'

const ID_PREFIX = 'dep_'
/** Ids fit it too. What does not is never looked up: PostgreSQL takes offense at some text, e.g. with a zero byte. */
export const DEPLOYMENT_NAME = /^[a-z0-9][a-z0-9_-]{0,62}$/

export interface Deployment {
  /** `dep_` and 20 base32 characters. */
  readonly id: string
  readonly name: string
  /** ISO 8601. */
  readonly createdAt: string
  /** Where commands are pushed to; absent where agents pull them. */
  readonly transport?: PushTransport
}

interface NewDeployment {
  readonly name: string
  /** Default: agents pull. */
  readonly transport?: Transport | undefined
}

/** One installation of the vendor's software at one customer. Wherever one is named, id and name are both accepted. */
export class Deployments {
  readonly #db: Kysely<RegistrySchema>

  constructor(db: Kysely<RegistrySchema>) {
    this.#db = db
  }

  /** @throws `invalid_request` when the name breaks the rule, `conflict` when it is taken. */
  async create({ name, transport = { kind: 'pull' } }: NewDeployment): Promise<Deployment> {
    assertDeploymentName(name)
    const row = {
      id: newId(ID_PREFIX),
      name,
      created_at: new Date().toISOString(),
      transport: transportColumn(transport),
    }
    const created = await this.#db
      .insertInto('deployments')
      .values(row)
      .onConflict((conflict) => conflict.column('name').doNothing())
      .returning('id')
      .executeTakeFirst()
    if (created) return fromRow(row)
    throw new CommandError(
      'conflict',
      `a deployment named "${name}" already exists; choose another name or delete it first`,
    )
  }

  /** @throws `deployment_not_found`, as {@link find}. */
  async setTransport(idOrName: string, transport: Transport): Promise<Deployment> {
    if (!DEPLOYMENT_NAME.test(idOrName)) throw await this.notFound(idOrName)
    const row = await this.#db
      .updateTable('deployments')
      .set({ transport: transportColumn(transport) })
      .where(keyOf(idOrName), '=', idOrName)
      .returningAll()
      .executeTakeFirst()
    if (row) return fromRow(row)
    throw await this.notFound(idOrName)
  }

  /** `undefined` when there is none. */
  async lookUp(idOrName: string): Promise<Deployment | undefined> {
    if (!DEPLOYMENT_NAME.test(idOrName)) return undefined
    const row = await this.#db
      .selectFrom('deployments')
      .selectAll()
      .where(keyOf(idOrName), '=', idOrName)
      .executeTakeFirst()
    return row && fromRow(row)
  }

  /** @throws `deployment_not_found`, with the nearest names in the message and in `details.nearest`. */
  async find(idOrName: string): Promise<Deployment> {
    const found = await this.lookUp(idOrName)
    if (found) return found
    throw await this.notFound(idOrName)
  }

  /** All of them, by name. */
  async list(): Promise<Deployment[]> {
    const rows = await this.#db.selectFrom('deployments').selectAll().execute()
    // Sorted here, since the order of text in a database depends on its collation.
    return rows.sort((a, b) => (a.name < b.name ? -1 : 1)).map(fromRow)
  }

  /**
   * Deletes a deployment with its tokens and manifests, and gives what it was.
   *
   * @throws `deployment_not_found`, as {@link find}.
   */
  async delete(idOrName: string): Promise<Deployment> {
    if (!DEPLOYMENT_NAME.test(idOrName)) throw await this.notFound(idOrName)
    const row = await this.#db
      .deleteFrom('deployments')
      .where(keyOf(idOrName), '=', idOrName)
      .returningAll()
      .executeTakeFirst()
    if (row) return fromRow(row)
    throw await this.notFound(idOrName)
  }

  /** What to say of one that is not there, or not there for somebody who may know of some only. */
  async notFound(idOrName: string, isKnown: (one: Deployment) => boolean = () => true): Promise<CommandError> {
    const known = (await this.list()).filter(isKnown)
    const names = nearest(
      idOrName,
      known.map(({ name }) => name),
    )
    return new CommandError('deployment_not_found', `no deployment "${idOrName}"; ${hint(names, known.length)}`, {
      details: { nearest: names },
    })
  }
}

function hint(names: readonly string[], deployments: number): string {
  if (names.length > 0) return nearestHint(names)
  return deployments === 0
    ? 'there are none yet, create one with: alien deployments create NAME'
    : 'see those there are with: alien deployments list'
}

const keyOf = (idOrName: string): 'id' | 'name' => (idOrName.startsWith(ID_PREFIX) ? 'id' : 'name')

const fromRow = (row: DeploymentsTable): Deployment => ({
  id: row.id,
  name: row.name,
  createdAt: row.created_at,
  ...(row.transport === null ? {} : { transport: JSON.parse(row.transport) as PushTransport }),
})

const transportColumn = (transport: Transport): string | null =>
  transport.kind === 'pull' ? null : JSON.stringify(transport)

function assertDeploymentName(name: string): void {
  if (!DEPLOYMENT_NAME.test(name)) {
    throw new CommandError(
      'invalid_request',
      `deployment name ${JSON.stringify(name)} must start with a lower-case letter or a digit and have at most 63 lower-case letters, digits, "_" or "-"`,
    )
  }
  if (name.startsWith(ID_PREFIX)) {
    throw new CommandError(
      'invalid_request',
      `deployment name "${name}" must not start with "${ID_PREFIX}", as ids do; choose another name`,
    )
  }
}
