/**
 * Transactions on the customer's database, from a pool that is kept across invocations.
 *
 * 1. A statement ends when the invocation does: by `statement_timeout` when its time is over, even if this process is
 *    gone by then, and by `pg_cancel_backend` when it is canceled. Closing the connection would not do: a server that
 *    waits or computes does not look at it.
 * 2. A connection on which something failed is not used again. That also rolls back.
 * 3. A server that goes away fails what it was asked, and ends no process, whatever the connection is doing.
 */
import type { CommandContext } from '@alienplatform/sdk'
import pg from 'pg'
import { setTimeout } from 'node:timers/promises'
import { readCredentials, type Credentials } from './credentials.js'
import { warehouseError, WarehouseError } from './warehouse-error.js'

const MAX_CONNECTIONS = 4
/** For a new connection, and for one of the pool to come free. */
const CONNECT_TIMEOUT_MS = 5_000
/** The greatest that PostgreSQL takes: 24 days. */
const MAX_STATEMENT_TIMEOUT_MS = 2_147_483_647
/** What is canceled before it arrived at the server is not canceled. */
const CANCEL_AGAIN_MS = 100

/** Gives the rows. */
export type Query = <Row extends object>(sql: string, values?: readonly unknown[]) => Promise<Row[]>

type Limits = Pick<CommandContext, 'signal' | 'deadline'>

/**
 * Commits what `work` did, unless it throws.
 *
 * @throws {WarehouseError} and the signal's reason when it aborts
 */
export async function inTransaction<T>(
  mode: 'read only' | 'read write',
  { signal, deadline }: Limits,
  work: (query: Query) => Promise<T>,
): Promise<T> {
  const credentials = await readCredentials()
  const client = await connect(credentials)
  let failed = true
  const over = new AbortController()
  const query: Query = async <Row extends object>(sql: string, values: readonly unknown[] = []) => {
    signal.throwIfAborted()
    return (await client.query<Row>(sql, [...values])).rows
  }
  try {
    await query(`begin ${mode}`)
    await query(`set local statement_timeout = ${remainingMs(deadline)}`)
    const [backend] = await query<{ pid: number }>('select pg_backend_pid() as pid')
    const onAbort = (): void => void cancelStatements(credentials, backend?.pid, over.signal)
    signal.addEventListener('abort', onAbort, { once: true, signal: over.signal })
    const result = await work(query)
    await query('commit')
    failed = false
    return result
  } catch (error) {
    throw signal.aborted ? signal.reason : warehouseError(error)
  } finally {
    over.abort()
    // A cancel that is on its way would end whatever the connection did next.
    client.release(failed || signal.aborted)
  }
}

/** 0 is for ever. */
const remainingMs = (deadline: Date | undefined): number =>
  deadline === undefined ? 0 : Math.min(Math.max(1, deadline.getTime() - Date.now()), MAX_STATEMENT_TIMEOUT_MS)

let current: { readonly credentials: string; readonly pool: pg.Pool } | undefined

async function connect(credentials: Credentials): Promise<pg.PoolClient> {
  const id = JSON.stringify(credentials)
  if (current?.credentials !== id) {
    // They were rotated: the old pool ends with the transactions that are under way.
    void current?.pool.end()
    current = { credentials: id, pool: newPool(credentials) }
  }
  const { pool } = current
  // The pool words its own time-out only, which has no code.
  const isBusy = pool.idleCount === 0 && pool.totalCount >= MAX_CONNECTIONS
  try {
    return await pool.connect()
  } catch (error) {
    if (isBusy && error instanceof Error && !('code' in error)) throw busy()
    throw warehouseError(error)
  }
}

const busy = (): WarehouseError =>
  new WarehouseError(
    'busy',
    `all ${MAX_CONNECTIONS} connections to the database are in use for ${CONNECT_TIMEOUT_MS / 1000} s; try again`,
  )

function newPool(credentials: Credentials): pg.Pool {
  const pool = new pg.Pool({ ...settings(credentials), max: MAX_CONNECTIONS })
  // A connection that breaks would otherwise end this process. The pool listens to idle ones, and drops them; while one
  // is in use, its query fails, too.
  pool.on('error', () => undefined)
  pool.on('connect', (client) => client.on('error', () => undefined))
  return pool
}

const settings = (credentials: Credentials): pg.ClientConfig => ({
  ...credentials,
  application_name: 'data-connector',
  connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
})

/** By a connection of its own, since all of the pool may be in use. Without one, the time limit has to do. */
async function cancelStatements(credentials: Credentials, pid: number | undefined, over: AbortSignal): Promise<void> {
  const client = new pg.Client(settings(credentials))
  client.on('error', () => undefined)
  try {
    await client.connect()
    while (!over.aborted) {
      await client.query('select pg_cancel_backend($1)', [pid])
      await setTimeout(CANCEL_AGAIN_MS, undefined, { signal: over })
    }
  } catch {
    // The transaction is over, or the server out of reach.
  } finally {
    await client.end().catch(() => undefined)
  }
}
