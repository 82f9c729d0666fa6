import pg from 'pg'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { startPostgres, type TestPostgres } from '../../tests/support/postgres.js'
import { openRegistry } from './open-registry.js'
import { registryTrouble } from './registry-trouble.js'
import { testRegistry } from './registry.testsuite.js'

let server: TestPostgres

beforeAll(async () => {
  server = await startPostgres()
}, 30_000)
afterAll(() => server.stop())

async function execute(url: string | undefined, sql: string): Promise<void> {
  const client = new pg.Client(url)
  await client.connect()
  await client.query(sql)
  await client.end()
}

describe('registry in PostgreSQL', () => {
  testRegistry({
    createDatabase: async () => ({ url: await server.createDatabase() }),
    execute: ({ url }, sql) => execute(url, sql),
  })

  test('outlives the loss of its connections', async () => {
    const url = await server.createDatabase()
    const registry = await openRegistry({ url })
    await execute(url, `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'alien'`)
    await expect
      .poll(() =>
        registry.ping().then(
          () => 'answered',
          () => 'cut',
        ),
      )
      .toBe('answered')
    await registry.close()
  })

  test('is unavailable to whoever waits for a connection that is cut, which ends no process', async () => {
    const url = await server.createDatabase()
    const registry = await openRegistry({ url })
    const cut = `select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'alien'`
    const asking = Array.from({ length: 200 }, () => registry.deployments.list().then(() => undefined, registryTrouble))
    await execute(url, cut)
    const troubles = (await Promise.all(asking)).filter((trouble) => trouble !== undefined)
    // Those that had their answer before are not counted; which ones is a race.
    for (const trouble of troubles) expect(trouble.code).toBe('unavailable')
    await registry.close()
  })

  test('is unavailable when the server is, and the password is not told', async () => {
    const other = await startPostgres()
    const url = await other.createDatabase()
    const registry = await openRegistry({ url })
    await other.stop()
    const { host, port } = new URL(url)
    const error = {
      code: 'unavailable',
      message: `cannot reach the registry at postgres://postgres@${host}/test_1: connect ECONNREFUSED 127.0.0.1:${port}`,
    }
    await expect(openRegistry({ url })).rejects.toMatchObject(error)
    await registry.close()
  })
})
