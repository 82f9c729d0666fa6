/** The example of a data connector against a real PostgreSQL: what happens there when a command is canceled, or lost. */
import { vault } from '@alienplatform/sdk'
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { execa } from 'execa'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { cliEnv } from './support/cli.js'
import { eventually } from './support/eventually.js'
import { errorOf } from './support/outcome.js'
import { startPostgres, type TestPostgres } from './support/postgres.js'
import { processesOf } from './support/dev-process.js'

const PASSWORD = 'no-password-of-theirs'
const ROWS = 2_000

let postgres: TestPostgres
let stack: TestStack
let client: CommandsClient
let folder: string
let database: string
let admin: pg.Client

const credentials = vault('credentials')

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-connector-'))
  process.env['ALIEN_CREDENTIALS_BINDING'] = JSON.stringify({
    service: 'local',
    path: join(folder, 'credentials.json'),
    cacheTtlMs: 0,
  })
  postgres = await startPostgres()
  stack = await startTestStack({ handlers: 'examples/data-connector/customer/handlers.ts' })
  client = stack.client()
})

afterAll(async () => {
  await stack.close()
  await postgres.stop()
  await rm(folder, { recursive: true, force: true })
})

/** Each test has a database of its own, and so a pool. */
beforeEach(async () => {
  database = await postgres.createDatabase()
  await credentials.set('warehouse', JSON.stringify({ connectionString: database }))
  admin = new pg.Client(database)
  admin.on('error', () => undefined)
  await admin.connect()
  await admin.query(`create table users (id int primary key, name text, email text, status text, balance int);
    insert into users select id, 'User ' || id, id || '@acme.example', 'active', id from generate_series(1, ${ROWS}) id`)
  onTestFinished(() => admin.end())
})

interface Session {
  readonly pid: number
  readonly state: string
}

/** What the server says of the connector's connections. */
const sessions = async (): Promise<Session[]> =>
  (
    await admin.query<Session>(
      `select pid, state from pg_stat_activity where application_name = 'data-connector' and datname = current_database()`,
    )
  ).rows

const isIdle = ({ state }: Session): boolean => state === 'idle'

/** A transaction of somebody else's; by a session of its own, for `admin` would see the same activity throughout one. */
async function holding(sql: string): Promise<{ letGo: () => Promise<unknown> }> {
  const holder = new pg.Client(database)
  await holder.connect()
  onTestFinished(() => holder.end())
  await holder.query(`begin; ${sql}`)
  return { letGo: () => holder.query('rollback') }
}

const LOCK_USERS = 'lock table users in access exclusive mode'

const untilItRuns = () =>
  eventually('a statement runs', async () => (await sessions()).find(({ state }) => state === 'active'))

describe('queries', () => {
  test('come from connections that are kept', async () => {
    const pids = new Set<number>()
    for (let call = 0; call < 5; call += 1) {
      expect(await client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
      for (const { pid } of await sessions()) pids.add(pid)
    }
    expect(pids.size).toBe(1)
  })

  test('of one credential leave its connections when it is rotated', async () => {
    await client.invoke('get-users', { status: 'active', limit: 1 })
    expect(await sessions()).toHaveLength(1)
    await credentials.set('warehouse', JSON.stringify({ connectionString: await postgres.createDatabase() }))
    await errorOf(client.invoke('get-users', { status: 'active' }))
    await eventually('the old pool is closed', async () => (await sessions()).length === 0 || undefined)
  })

  test('outlive a server that cuts idle connections', async () => {
    await client.invoke('get-users', { status: 'active', limit: 1 })
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'data-connector'`,
    )
    await eventually('it is cut', async () => (await sessions()).length === 0 || undefined)
    // The agent hears of it in its own time; a query that is faster than that fails, and the next does not.
    expect(
      await eventually('the next', () =>
        client.invoke('get-users', { status: 'active', limit: 1 }).catch(() => undefined),
      ),
    ).toMatchObject({ count: 1 })
  })

  test('take a password of any characters', async () => {
    const password = `p@ss:w/o#r?d%41&'"é`
    await admin.query(`create role odd login password ${pg.escapeLiteral(password)}; grant select on users to odd`)
    onTestFinished(() => admin.query('drop owned by odd; drop role odd').then(() => undefined))
    const { hostname: host, port, pathname } = new URL(database)
    const url = `postgres://odd:${encodeURIComponent(password)}@${host}:${port}${pathname}`
    const parts = { host, port: Number(port), user: 'odd', password, database: pathname.slice(1) }
    for (const secret of [{ connectionString: url }, parts]) {
      await credentials.set('warehouse', JSON.stringify(secret))
      expect(await client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
    }
  })

  test('that are canceled end on the server', async () => {
    const users = await holding(LOCK_USERS)
    const handle = await client.start('get-users', { status: 'active' })
    await untilItRuns()
    expect(await handle.cancel()).toBe('stopped')
    // Still locked: nothing but the cancel can have ended it.
    expect((await sessions()).filter(({ state }) => state === 'active')).toEqual([])
    await users.letGo()
    expect(await client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
  })

  test('end on the server when their time is over, though their agent is gone', async () => {
    const users = await holding(LOCK_USERS)
    const handle = await client.start(
      'get-users',
      { status: 'active' },
      { timeoutMs: 3_000, heartbeatTimeoutMs: 2_000 },
    )
    await untilItRuns()
    await killAgent()
    await eventually('the statement ends', async () => (await sessions()).every(isIdle) || undefined, 10_000)
    await users.letGo()
    await handle.result().catch(() => undefined)
  })

  test('have what is left of the time as their limit', async () => {
    await admin.query(`alter table users rename to people;
      create view users as select 1 as id, current_setting('statement_timeout') as name, '' as email, '' as status`)
    const limit = async (timeoutMs?: number): Promise<string> => {
      const options = timeoutMs === undefined ? {} : { timeoutMs }
      const { rows } = await client.invoke<{ rows: { name: string }[] }>('get-users', { status: '' }, options)
      return rows[0]?.name ?? ''
    }
    expect(await limit(20_000)).toMatch(/^1\d{4}ms$/)
    // That of the transaction before is not left behind.
    expect(await limit()).toBe('0')
    // 30 days, which the server would refuse.
    expect(await limit(2_592_000_000)).toBe('2147483647ms')
  })

  test('that find all connections in use say so', async () => {
    const users = await holding(LOCK_USERS)
    const inUse = [1, 2, 3, 4].map(() => client.invoke('get-users', { status: 'active', limit: 1 }))
    await eventually('four wait for the table', async () => {
      const active = (await sessions()).filter(({ state }) => state === 'active')
      return active.length === 4 || undefined
    })
    expect(await errorOf(client.invoke('get-users', { status: 'active' }))).toMatchObject({
      details: { code: 'busy' },
      message: '"get-users" failed: WarehouseError: all 4 connections to the database are in use for 5 s; try again',
    })
    await users.letGo()
    await Promise.all(inUse)
  })

  test('fail when their server stops in the middle, and their agent goes on', async () => {
    const agent = await agentPid()
    const server = await startPostgres()
    const url = await server.createDatabase()
    await credentials.set('warehouse', JSON.stringify({ connectionString: url }))
    const other = new pg.Client(url)
    other.on('error', () => undefined)
    await other.connect()
    await other.query(`create view users as select 1 as id, pg_sleep(60)::text as name, '' as email, '' as status`)
    const failed = errorOf(client.invoke('get-users', { status: '' }))
    await eventually('it sleeps', async () => {
      const { rows } = await other.query(`select 1 from pg_stat_activity where wait_event = 'PgSleep'`)
      return rows[0]
    })
    await server.stop()
    expect(await failed).toMatchObject({ code: 'command_failed', details: { name: 'WarehouseError' } })
    await credentials.set('warehouse', JSON.stringify({ connectionString: database }))
    expect(await client.invoke('get-users', { status: 'active', limit: 1 })).toMatchObject({ count: 1 })
    expect(await agentPid()).toBe(agent)
  })
})

/** `kill -9` of the agent's process; its supervisor starts another. */
async function killAgent(): Promise<void> {
  process.kill(await agentPid(), 'SIGKILL')
}

async function agentPid(): Promise<number> {
  const [line = ''] = (await processesOf(stateDir())).filter((text) => text.includes('agent-main'))
  return Number.parseInt(line, 10)
}

const stateDir = (): string => join(stack.registryFile, '..')

describe('errors', () => {
  const messageOf = async (): Promise<string> => {
    const error = (await errorOf(client.invoke('get-users', { status: 'active' }))) as { message: string }
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
    await credentials.set('warehouse', secret(new URL(database)))
    const message = await messageOf()
    if (typeof expected === 'string') expect(message).toBe(`"get-users" failed: ${expected}`)
    else expect(message).toMatch(expected)
  })

  test('of SQL are told as the server words them', async () => {
    await admin.query('drop table users')
    expect(await messageOf()).toBe(
      '"get-users" failed: WarehouseError: the database says: relation "users" does not exist (42P01)',
    )
  })
})

describe('a migration', () => {
  const migrated = async (): Promise<unknown> =>
    (
      await admin.query(
        `select count(*) filter (where balance = id * 10 and domain = 'acme.example')::int as rows from users`,
      )
    ).rows[0]

  const position = async (): Promise<number> =>
    Number(
      (
        await admin
          .query<{ last_id: string }>(`select last_id from migration_steps where version = '42' and step = 1`)
          .catch(() => ({ rows: [] }))
      ).rows[0]?.last_id ?? 0,
    )

  test('whose agent is killed in the middle goes on where it was, and does nothing twice', async () => {
    // So that there is a middle.
    await admin.query(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return null; end $$;
      create trigger slow after update on users for each statement execute function slow()`)
    const handle = await client.start('run-migration', { version: '42' }, { heartbeatTimeoutMs: 3_000 })
    await eventually('it is in the middle', async () => (await position()) >= ROWS / 4 || undefined, 60_000)
    await killAgent()
    const killedAt = await position()
    const result = await handle.result()
    expect(killedAt).toBeLessThan(ROWS)
    expect(result).toMatchObject({ status: 'completed', version: '42' })
    // The second attempt did not begin anew: neither version 41 nor the batches that were done.
    const { transactions } = result as { transactions: number }
    expect(transactions).toBeLessThanOrEqual((ROWS - killedAt) / 100 + 2)
    expect(await migrated()).toEqual({ rows: ROWS })
  })

  test('that is run by many at once is done once', async () => {
    const results = await Promise.all([1, 2, 3].map(() => client.invoke('run-migration', { version: '42' })))
    expect(results).toHaveLength(3)
    expect(await migrated()).toEqual({ rows: ROWS })
  })

  test('that is canceled leaves whole steps, and is finished later', async () => {
    const row = await holding('select from users where id = 1500 for update')
    const handle = await client.start('run-migration', { version: '41' })
    await eventually('it waits for the row', async () => {
      const { rows } = await admin.query(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'data-connector'`,
      )
      return rows[0]
    })
    expect(await handle.cancel()).toBe('stopped')
    await row.letGo()
    await client.invoke('run-migration', { version: '42' })
    expect(await migrated()).toEqual({ rows: ROWS })
  })

  test('to a version that does not exist tells those that do', async () => {
    expect(await errorOf(client.invoke('run-migration', { version: '43' }))).toMatchObject({
      message: '"run-migration" failed: RangeError: there is no version "43"; there are 41, 42',
    })
  })
})

test('the example runs on a real server, too', async () => {
  const env = cliEnv({ DATABASE_URL: await postgres.createDatabase() })
  const { stdout } = await execa(process.execPath, ['scripts/example.js', 'data-connector'], { env, extendEnv: false })
  expect(stdout).toMatch(/\nall as it should be$/)
})
