/** The registry in PostgreSQL: for production, where several control planes share it. */
import { Kysely, PostgresDialect } from 'kysely'
import { CommandError } from '../../protocol/errors.js'
import type { RegistrySchema } from './schema.js'

/** A caller is told "unavailable" after this, and comes again. */
const CONNECT_TIMEOUT_MS = 5_000

/** Connects when the first query is made. `address` is the url as errors may show it. */
export async function openPostgres(url: string, address: string): Promise<Kysely<RegistrySchema>> {
  const { default: pg } = await import('pg')
  const pool = new pg.Pool({
    connectionString: url,
    connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
    keepAlive: true,
    application_name: 'alien',
  })
  // The pool drops an idle connection that broke and makes a new one when needed; unheard, this event ends the process.
  pool.on('error', () => undefined)
  // The same of one that is in use: whoever waits for its query hears of it.
  pool.on('connect', (client) => client.on('error', () => undefined))
  const connect = async () => {
    try {
      return await pool.connect()
    } catch (error) {
      throw new CommandError('unavailable', `cannot reach the registry at ${address}: ${reason(error)}`, {
        cause: error,
      })
    }
  }
  return new Kysely({ dialect: new PostgresDialect({ pool: { connect, end: () => pool.end() } }) })
}

/** A name that resolves to several addresses fails with one error for each, and an empty message. */
function reason(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reason).join(', ')
  return CommandError.from(error).message
}
