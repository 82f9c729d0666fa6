/** The migrations of the example of a data connector: when their agent is lost, and when they are canceled. */
import { describe, expect, test } from 'vitest'
import { ROWS, useConnector, type Connector } from './support/connector.js'
import { eventually } from './support/eventually.js'
import { errorOf } from './support/outcome.js'

let connector: Connector
useConnector((started) => (connector = started))

describe('a migration', () => {
  const migrated = async (): Promise<unknown> =>
    (
      await connector.admin.query(
        `select count(*) filter (where balance = id * 10 and domain = 'acme.example')::int as rows from users`,
      )
    ).rows[0]

  const position = async (): Promise<number> =>
    Number(
      (
        await connector.admin
          .query<{ last_id: string }>(`select last_id from migration_steps where version = '42' and step = 1`)
          .catch(() => ({ rows: [] }))
      ).rows[0]?.last_id ?? 0,
    )

  test('whose agent is killed in the middle goes on where it was, and does nothing twice', async () => {
    // So that there is a middle.
    await connector.admin
      .query(`create function slow() returns trigger language plpgsql as $$ begin perform pg_sleep(0.1); return null; end $$;
      create trigger slow after update on users for each statement execute function slow()`)
    const handle = await connector.client.start('run-migration', { version: '42' }, { heartbeatTimeoutMs: 3_000 })
    await eventually('it is in the middle', async () => (await position()) >= ROWS / 4 || undefined, 60_000)
    await connector.killAgent()
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
    const results = await Promise.all([1, 2, 3].map(() => connector.client.invoke('run-migration', { version: '42' })))
    expect(results).toHaveLength(3)
    expect(await migrated()).toEqual({ rows: ROWS })
  })

  test('that is canceled leaves whole steps, and is finished later', async () => {
    const row = await connector.holding('select from users where id = 1500 for update')
    const handle = await connector.client.start('run-migration', { version: '41' })
    await eventually('it waits for the row', async () => {
      const { rows } = await connector.admin.query(
        `select 1 from pg_stat_activity where wait_event_type = 'Lock' and application_name = 'data-connector'`,
      )
      return rows[0]
    })
    expect(await handle.cancel()).toBe('stopped')
    await row.letGo()
    await connector.client.invoke('run-migration', { version: '42' })
    expect(await migrated()).toEqual({ rows: ROWS })
  })

  test('to a version that does not exist tells those that do', async () => {
    expect(await errorOf(connector.client.invoke('run-migration', { version: '43' }))).toMatchObject({
      message: '"run-migration" failed: RangeError: there is no version "43"; there are 41, 42',
    })
  })
})

describe('a cancel that meets a commit', () => {
  const TABLE = `create table migration_steps (
    version text, step int, last_id bigint not null, done boolean not null, primary key (version, step))`

  /** Makes the commit of version 41's last step do `what` first. */
  const atLastCommit = (what: string): Promise<unknown> =>
    connector.admin.query(`${TABLE};
      create function at_commit() returns trigger language plpgsql as $$ begin ${what} return null; end $$;
      create constraint trigger at_commit after insert on migration_steps deferrable initially deferred
        for each row when (new.step = 2) execute function at_commit()`)

  const untilItCommits = () =>
    eventually('the commit is under way', async () => {
      const { rows } = await connector.admin.query(
        `select 1 from pg_stat_activity where query = 'commit' and wait_event = 'PgSleep' and datname = current_database()`,
      )
      return rows[0]
    })

  const steps = async (): Promise<number> =>
    (await connector.admin.query(`select from migration_steps where version = '41' and done`)).rowCount ?? 0

  const isIndexed = async (): Promise<boolean> =>
    (await connector.admin.query(`select from pg_indexes where indexname = 'users_domain'`)).rowCount === 1

  test('in time has it rolled back, and says that it was stopped', async () => {
    await atLastCommit('perform pg_sleep(60);')
    const handle = await connector.client.start('run-migration', { version: '41' })
    await untilItCommits()
    expect(await handle.cancel()).toBe('stopped')
    expect(await errorOf(handle.result())).toMatchObject({ code: 'canceled' })
    expect([await steps(), await isIndexed()]).toEqual([2, false])
    await connector.admin.query('drop trigger at_commit on migration_steps')
    expect(await connector.client.invoke('run-migration', { version: '41' })).toMatchObject({ status: 'completed' })
    expect([await steps(), await isIndexed()]).toEqual([3, true])
  })

  test('too late leaves what was committed, and its result stands', async () => {
    await atLastCommit('perform pg_sleep(60); exception when query_canceled then null;')
    const handle = await connector.client.start('run-migration', { version: '41' })
    await untilItCommits()
    expect(await handle.cancel()).toBe('finished_first')
    expect(await handle.result()).toMatchObject({ status: 'completed', version: '41' })
    expect([await steps(), await isIndexed()]).toEqual([3, true])
    // The connection that a late cancel may be on its way to is not kept, as the pool keeps others for 10 s.
    await eventually('it is closed', async () => (await connector.sessions()).length === 0 || undefined, 5_000)
  })
})
