import { once } from 'node:events'
import { access } from 'node:fs/promises'
import pg from 'pg'
import { expect, onTestFinished, test } from 'vitest'
import { installedBinaries } from './postgres-binaries.js'
import { startPostgres } from './postgres.js'
import { buildScript } from './script.js'

const isInstalled = (await installedBinaries()) !== undefined

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  await client.connect()
  const { rows } = await client.query<Record<string, unknown>>(sql)
  await client.end()
  return rows
}

for (const source of ['installed', 'embedded'] as const) {
  test(`starts the ${source} PostgreSQL, and leaves nothing when stopped`, { timeout: 30_000 }, async (context) => {
    context.skip(source === 'installed' && !isInstalled, 'this machine has no PostgreSQL')
    const server = await startPostgres(source)
    const [first, second] = [await server.createDatabase(), await server.createDatabase()]
    await query(first, 'create table here (id int)')
    expect(await query(second, `select to_regclass('here') as here`)).toEqual([{ here: null }])
    const [settings] = await query(first, `select current_setting('data_directory') as dir, 'a_1' < 'a-2' as icu`)
    expect(settings?.['icu']).toBe(true)
    await server.stop()
    await expect(query(first, 'select 1')).rejects.toThrow('ECONNREFUSED')
    await expect(access(String(settings?.['dir']))).rejects.toThrow('ENOENT')
  })
}

/** Starts a server, tells its database, and stays. */
const OWNER = `
import { startPostgres } from './tests/support/postgres.js'
const server = await startPostgres()
process.stdout.write(await server.createDatabase())
`

test('ends with the process that started it, even a killed one', async () => {
  const script = await buildScript(OWNER)
  onTestFinished(script.remove)
  const owner = script.start()
  const [url] = (await once(owner.stdout, 'data')) as [Buffer]
  const client = new pg.Client(url.toString())
  client.on('error', () => undefined)
  await client.connect()
  const { rows } = await client.query<{ dir: string }>(`select current_setting('data_directory') as dir`)
  const cut = new Promise((resolve) => client.once('end', resolve))
  owner.kill('SIGKILL')
  await cut
  await expect
    .poll(() =>
      access(rows[0]?.dir ?? '').then(
        () => 'there',
        () => 'gone',
      ),
    )
    .toBe('gone')
})
