/** The customer's database: the one of `DATABASE_URL`, or PostgreSQL inside this process, by PGlite. */
import { PGlite } from '@electric-sql/pglite'
import { PGLiteSocketServer } from '@electric-sql/pglite-socket'
import pg from 'pg'

const USERS = 250

const TABLE = `create table users (id int primary key, name text, email text, status text, balance int);
insert into users select id, 'User ' || id, 'user' || id || '@acme.example', case when id % 3 = 0 then 'left' else 'active' end, id * 100
  from generate_series(1, ${USERS}) id`

export interface Database {
  readonly connectionString: string
  readonly query: (sql: string) => Promise<unknown[]>
  readonly close: () => Promise<void>
}

/** With a table of users in it. */
export async function openDatabase(): Promise<Database> {
  const given = process.env['DATABASE_URL']
  const server = given === undefined ? await startEmbedded() : undefined
  const connectionString = given ?? server?.connectionString ?? ''
  const client = new pg.Client({ connectionString })
  await client.connect()
  await client.query(TABLE)
  return {
    connectionString,
    query: async (sql) => (await client.query<object>(sql)).rows,
    close: async () => {
      await client.end()
      await server?.close()
    },
  }
}

/** Takes any password. */
async function startEmbedded() {
  const db = await PGlite.create()
  const server = new PGLiteSocketServer({ db, port: 0, maxConnections: 10 })
  await server.start()
  return {
    connectionString: `postgres://postgres:not-checked@${server.getServerConn()}/postgres`,
    close: async () => {
      await server.stop()
      await db.close()
    },
  }
}
