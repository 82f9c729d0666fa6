/** The example of a data connector against a real PostgreSQL: its queries, and what it says when something is wrong. */
import { execa } from 'execa'
import pg from 'pg'
import { describe, expect, onTestFinished, test } from 'vitest'
import { cliEnv } from './support/cli.js'
import { credentials, useConnector, type Connector, type Session } from './support/connector.js'
import { eventually } from './support/eventually.js'
import { errorOf } from './support/outcome.js'
import { startPostgres } from './support/postgres.js'

const PASSWORD = 'no-password-of-theirs'

let connector: Connector
useConnector((started) => (connector = started))

const LOCK_USERS = 'lock table users in access exclusive mode'

const isIdle = ({ state }: Session): boolean => state === 'idle'

describe('queries', () => {
  test('come from connections that are kept', async () => {
    const pids = new Set<number>()
    for (let call = 0; call < 5; call += 1) {
      expect(await connector.client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
      for (const { pid } of await connector.sessions()) pids.add(pid)
    }
    expect(pids.size).toBe(1)
  })

  test('of one credential leave its connections when it is rotated', async () => {
    await connector.client.invoke('get-users', { status: 'active', limit: 1 })
    expect(await connector.sessions()).toHaveLength(1)
    await credentials.set('warehouse', JSON.stringify({ connectionString: await connector.postgres.createDatabase() }))
    await errorOf(connector.client.invoke('get-users', { status: 'active' }))
    await eventually('the old pool is closed', async () => (await connector.sessions()).length === 0 || undefined)
  })

  test('outlive a server that cuts idle connections', async () => {
    await connector.client.invoke('get-users', { status: 'active', limit: 1 })
    await connector.admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'data-connector'`,
    )
    await eventually('it is cut', async () => (await connector.sessions()).length === 0 || undefined)
    // The agent hears of it in its own time; a query that is faster than that fails, and the next does not.
    expect(
      await eventually('the next', () =>
        connector.client.invoke('get-users', { status: 'active', limit: 1 }).catch(() => undefined),
      ),
    ).toMatchObject({ count: 1 })
  })

  test('take a password of any characters', async () => {
    const password = `p@ss:w/o#r?d%41&'"é`
    await connector.admin.query(
      `create role odd login password ${pg.escapeLiteral(password)}; grant select on users to odd`,
    )
    onTestFinished(() => connector.admin.query('drop owned by odd; drop role odd').then(() => undefined))
    const { hostname: host, port, pathname } = new URL(connector.database)
    const url = `postgres://odd:${encodeURIComponent(password)}@${host}:${port}${pathname}`
    const parts = { host, port: Number(port), user: 'odd', password, database: pathname.slice(1) }
    for (const secret of [{ connectionString: url }, parts]) {
      await credentials.set('warehouse', JSON.stringify(secret))
      expect(await connector.client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
    }
  })

  test('that are canceled end on the server', async () => {
    const users = await connector.holding(LOCK_USERS)
    const handle = await connector.client.start('get-users', { status: 'active' })
    await connector.untilItRuns()
    expect(await handle.cancel()).toBe('stopped')
    // Still locked: nothing but the cancel can have ended it.
    expect((await connector.sessions()).filter(({ state }) => state === 'active')).toEqual([])
    await users.letGo()
    expect(await connector.client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
  })

  test('end on the server when their time is over, though their agent is gone', async () => {
    const users = await connector.holding(LOCK_USERS)
    const handle = await connector.client.start(
      'get-users',
      { status: 'active' },
      { timeoutMs: 3_000, heartbeatTimeoutMs: 2_000 },
    )
    await connector.untilItRuns()
    await connector.killAgent()
    await eventually('the statement ends', async () => (await connector.sessions()).every(isIdle) || undefined, 10_000)
    await users.letGo()
    await handle.result().catch(() => undefined)
  })

  test('have what is left of the time as their limit', async () => {
    await connector.admin.query(`alter table users rename to people;
      create view users as select 1 as id, current_setting('statement_timeout') as name, '' as email, '' as status`)
    const limit = async (timeoutMs?: number): Promise<string> => {
      const options = timeoutMs === undefined ? {} : { timeoutMs }
      const { rows } = await connector.client.invoke<{ rows: { name: string }[] }>('get-users', { status: '' }, options)
      return rows[0]?.name ?? ''
    }
    expect(await limit(20_000)).toMatch(/^1\d{4}ms$/)
    // That of the transaction before is not left behind.
    expect(await limit()).toBe('0')
    // 30 days, which the server would refuse.
    expect(await limit(2_592_000_000)).toBe('2147483647ms')
  })

  test('that find all connections in use say so', async () => {
    const users = await connector.holding(LOCK_USERS)
    const inUse = [1, 2, 3, 4].map(() => connector.client.invoke('get-users', { status: 'active', limit: 1 }))
    await eventually('four wait for the table', async () => {
      const active = (await connector.sessions()).filter(({ state }) => state === 'active')
      return active.length === 4 || undefined
    })
    expect(await errorOf(connector.client.invoke('get-users', { status: 'active' }))).toMatchObject({
      details: { code: 'busy' },
      message: '"get-users" failed: WarehouseError: all 4 connections to the database are in use for 5 s; try again',
    })
    await users.letGo()
    await Promise.all(inUse)
  })

  test('fail when their server stops in the middle, and their agent goes on', async () => {
    const agent = await connector.agentPid()
    const server = await startPostgres()
    const url = await server.createDatabase()
    await credentials.set('warehouse', JSON.stringify({ connectionString: url }))
    const other = new pg.Client(url)
    other.on('error', () => undefined)
    await other.connect()
    await other.query(`create view users as select 1 as id, pg_sleep(60)::text as name, '' as email, '' as status`)
    const failed = errorOf(connector.client.invoke('get-users', { status: '' }))
    await eventually('it sleeps', async () => {
      const { rows } = await other.query(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)
      return rows[0]
    })
    await server.stop()
    expect(await failed).toMatchObject({ code: 'command_failed', details: { name: 'WarehouseError' } })
    await credentials.set('warehouse', JSON.stringify({ connectionString: connector.database }))
    expect(await connector.client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
    expect(await connector.agentPid()).toBe(agent)
  })
})

describe('errors', () => {
  const messageOf = async (): Promise<string> => {
    const error = (await errorOf(connector.client.invoke('get-users', { status: 'active' }))) as { message: string }
    expect(JSON.stringify(error)).not.toContain(PASSWORD)
    return error.message
  }

  test.each([
    [
      'a password that is wrong',
      (url: URL) => JSON.stringify({ connectionString: Object.assign(url, { password: PASSWORD }).href }),
      'WarehouseError: the database refuses the credentials (28P01); renew secret "warehouse" in vault "credentials"',
    ],
    [
      'no password',
      (url: URL) => JSON.stringify({ connectionString: Object.assign(url, { password: '' }).href }),
      'WarehouseError: the database asks for a password; give one in secret "warehouse" in vault "credentials"',
    ],
    [
      'TLS that the server does not speak',
      (url: URL) => JSON.stringify({ connectionString: url.href, ssl: true }),
      'WarehouseError: TLS with the database failed (it does not speak it); check ssl in secret "warehouse" in vault "credentials"',
    ],
    [
      'a secret that says nothing',
      () => '{}',
      'WarehouseError: secret "warehouse" in vault "credentials" does not say where a database is: it needs connectionString or host',
    ],
    [
      'a name that is misspelled',
      () => JSON.stringify({ host: 'db', pasword: PASSWORD }),
      'WarehouseError: secret "warehouse" in vault "credentials" does not say where a database is: Unrecognized key: "pasword"',
    ],
    [
      'a database that does not exist',
      (url: URL) => JSON.stringify({ connectionString: Object.assign(url, { pathname: '/nothing' }).href }),
      'WarehouseError: the database refuses the credentials (3D000); renew secret "warehouse" in vault "credentials"',
    ],
    [
      'a port where nobody listens',
      () => JSON.stringify({ host: '127.0.0.1', port: 1, password: PASSWORD }),
      'WarehouseError: the database cannot be reached (ECONNREFUSED); check host and port in secret "warehouse" in vault "credentials"',
    ],
    [
      'a host that nobody knows',
      () => JSON.stringify({ host: 'nowhere.invalid', password: PASSWORD }),
      /^"get-users" failed: WarehouseError: the database cannot be reached \((ENOTFOUND|EAI_AGAIN)\); check host/,
    ],
    [
      'a secret that is not JSON',
      () => `host=db password=${PASSWORD}`,
      'BindingError: secret "warehouse" in vault "credentials" is not JSON',
    ],
    [
      'a URL that is none',
      () => JSON.stringify({ connectionString: `postgres://u:${PASSWORD}@[` }),
      'WarehouseError: the database cannot be reached (ERR_INVALID_URL); check host and port in secret "warehouse" in vault "credentials"',
    ],
    [
      'a port that is none',
      () => JSON.stringify({ host: 'db', port: PASSWORD }),
      'WarehouseError: secret "warehouse" in vault "credentials" does not say where a database is: port: Invalid input: expected number, received string',
    ],
  ])('for %s', async (_what, secret, expected) => {
    await credentials.set('warehouse', secret(new URL(connector.database)))
    const message = await messageOf()
    if (typeof expected === 'string') expect(message).toBe(`"get-users" failed: ${expected}`)
    else expect(message).toMatch(expected)
  })

  test('of SQL are told as the server words them', async () => {
    await connector.admin.query('drop table users')
    expect(await messageOf()).toBe(
      '"get-users" failed: WarehouseError: the database says: relation "users" does not exist (42P01)',
    )
  })
})

test('the example runs on a real server, too', async () => {
  const env = cliEnv({ DATABASE_URL: await connector.postgres.createDatabase() })
  const { stdout } = await execa(process.execPath, ['scripts/example.js', 'data-connector'], { env, extendEnv: false })
  expect(stdout).toMatch(/\nall as it should be$/)
})
