/** The example of a data connector before a real PostgreSQL, for the tests of a file. */
import { vault } from '@alienplatform/sdk'
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import pg from 'pg'
import { afterAll, beforeAll, beforeEach, onTestFinished } from 'vitest'
import { processesOf } from './dev-process.js'
import { eventually } from './eventually.js'
import { startPostgres, type TestPostgres } from './postgres.js'

export const ROWS = 2_000

export const credentials = vault('credentials')

/** What the server says of one of the connector's connections. */
export interface Session {
  readonly pid: number
  readonly state: string
}

export class Connector {
  readonly client: CommandsClient
  readonly postgres: TestPostgres
  /** The URL of that of the test. */
  database = ''
  admin = new pg.Client()
  readonly #stack: TestStack

  constructor(postgres: TestPostgres, stack: TestStack) {
    this.postgres = postgres
    this.client = stack.client()
    this.#stack = stack
  }

  /** Each test has a database of its own, and so a pool. */
  async newDatabase(): Promise<void> {
    this.database = await this.postgres.createDatabase()
    await credentials.set('warehouse', JSON.stringify({ connectionString: this.database }))
    this.admin = new pg.Client(this.database)
    const { admin } = this
    admin.on('error', () => undefined)
    await admin.connect()
    await admin.query(`create table users (id int primary key, name text, email text, status text, balance int);
      insert into users select id, 'User ' || id, id || '@acme.example', 'active', id from generate_series(1, ${ROWS}) id`)
    onTestFinished(() => admin.end())
  }

  async sessions(): Promise<Session[]> {
    const { rows } = await this.admin.query<Session>(
      `select pid, state from pg_stat_activity where application_name = 'data-connector' and datname = current_database()`,
    )
    return rows
  }

  /** A transaction of somebody else's; by a session of its own, for `admin` would see the same activity throughout one. */
  async holding(sql: string): Promise<{ letGo: () => Promise<unknown> }> {
    const holder = new pg.Client(this.database)
    await holder.connect()
    onTestFinished(() => holder.end())
    await holder.query(`begin; ${sql}`)
    return { letGo: () => holder.query('rollback') }
  }

  untilItRuns(): Promise<Session> {
    return eventually('a statement runs', async () => (await this.sessions()).find(({ state }) => state === 'active'))
  }

  /** `kill -9` of the agent's process; its supervisor starts another. */
  async killAgent(): Promise<void> {
    process.kill(await this.agentPid(), 'SIGKILL')
  }

  async agentPid(): Promise<number> {
    const stateDir = join(this.#stack.registryFile, '..')
    const [line = ''] = (await processesOf(stateDir)).filter((text) => text.includes('agent-main'))
    return Number.parseInt(line, 10)
  }

  close(): Promise<void> {
    return this.#stack.close()
  }
}

/** @param take Is given it, before the first test */
export function useConnector(take: (connector: Connector) => void): void {
  let folder: string
  let postgres: TestPostgres
  let connector: Connector
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'alien-connector-'))
    process.env['ALIEN_CREDENTIALS_BINDING'] = JSON.stringify({
      service: 'local',
      path: join(folder, 'credentials.json'),
      cacheTtlMs: 0,
    })
    postgres = await startPostgres()
    connector = new Connector(
      postgres,
      await startTestStack({ handlers: 'examples/data-connector/customer/handlers.ts' }),
    )
    take(connector)
  })
  beforeEach(() => connector.newDatabase())
  afterAll(async () => {
    await connector.close()
    await postgres.stop()
    await rm(folder, { recursive: true, force: true })
  })
}
