/**
 * The registry: deployments, credentials, manifests, the audit, and for some days what handlers said while they ran, in
 * SQLite or PostgreSQL. Never an invocation's state, whose only home is Temporal.
 */
import { resolve } from 'node:path'
import { sql, type Kysely } from 'kysely'
import { CommandError } from '../../protocol/errors.js'
import { oneAtATime } from '../../observability/answer-within.js'
import { Agents } from './agents.js'
import { AgentTokens } from './agent-tokens.js'
import { ApiKeys } from './api-keys.js'
import { AuditRecords } from './audit-records.js'
import { Deployments } from './deployments.js'
import { InvocationEvents } from './invocation-events.js'
import { Manifests } from './manifests.js'
import { migrate, migrationState, type MigrationState } from './migrations/migrate.js'
import { openPostgres } from './open-postgres.js'
import { openSqlite } from './open-sqlite.js'
import { SealingKeys } from './sealing-keys.js'
import type { RegistrySchema } from './schema.js'

export interface Registry {
  readonly deployments: Deployments
  readonly apiKeys: ApiKeys
  readonly agentTokens: AgentTokens
  readonly manifests: Manifests
  readonly audit: AuditRecords
  readonly sealingKeys: SealingKeys
  readonly agents: Agents
  readonly invocationEvents: InvocationEvents
  /** Resolves when the database answers; asks it once, however many wait. @throws `unavailable` when PostgreSQL cannot be reached. */
  ping(): Promise<void>
  close(): Promise<void>
}

export interface RegistryOptions {
  /** `postgres://…`. */
  readonly url?: string | undefined
  /** Path of a SQLite file; it and its directories are created. */
  readonly file?: string | undefined
}

/**
 * Opens the registry and brings it to this version's schema. One of the options must be given.
 *
 * @throws `invalid_request` for bad options, `conflict` when a newer version has migrated the database, `unavailable`
 * when it cannot be opened; each names the file, or the url without its password.
 */
export async function openRegistry(options: RegistryOptions): Promise<Registry> {
  const { address, open } = target(options)
  let db: Kysely<RegistrySchema> | undefined
  try {
    db = await open()
    await migrate(db, address)
    return createRegistry(db)
  } catch (error) {
    await db?.destroy()
    if (error instanceof CommandError) throw error
    const reason = CommandError.from(error).message
    throw new CommandError('unavailable', `cannot open the registry at ${address}: ${reason}`, { cause: error })
  }
}

/**
 * How the registry's schema differs from this version's; changes nothing.
 *
 * @throws `invalid_request` for bad options, `unavailable` when it cannot be reached
 */
export async function readMigrations(
  options: RegistryOptions,
): Promise<MigrationState & { /** Without a password. */ readonly address: string }> {
  const { address, open } = target(options)
  const db = await open()
  try {
    return { address, ...(await migrationState(db)) }
  } finally {
    await db.destroy()
  }
}

function target({ url, file }: RegistryOptions) {
  if (url !== undefined && file === undefined) {
    const address = withoutPassword(url)
    return { address, open: () => openPostgres(url, address) }
  }
  if (file !== undefined && url === undefined) {
    const path = resolve(file)
    return { address: path, open: () => openSqlite(path) }
  }
  throw new CommandError(
    'invalid_request',
    'the registry needs the url of a PostgreSQL database or a file, and not both',
  )
}

/** Greedy, and without the query: when in doubt too much is left out, never too little. */
const POSTGRES_URL = /^(postgres(?:ql)?:\/\/)(?:([^:@/?#]*)(?::.*)?@)?([^@?#]*)/

function withoutPassword(url: string): string {
  const parts = POSTGRES_URL.exec(url)
  if (!parts) throw new CommandError('invalid_request', 'the registry url must start with "postgres://"')
  const [, scheme = '', user, rest = ''] = parts
  return user === undefined ? scheme + rest : `${scheme}${user}@${rest}`
}

const createRegistry = (db: Kysely<RegistrySchema>): Registry => ({
  deployments: new Deployments(db),
  apiKeys: new ApiKeys(db),
  agentTokens: new AgentTokens(db),
  manifests: new Manifests(db),
  audit: new AuditRecords(db),
  sealingKeys: new SealingKeys(db),
  agents: new Agents(db),
  invocationEvents: new InvocationEvents(db),
  ping: oneAtATime(() => sql`select 1`.execute(db).then(() => undefined)),
  close: () => db.destroy(),
})
