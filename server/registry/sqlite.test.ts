import { once } from 'node:events'
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import Database from 'libsql'
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from 'vitest'
import { buildScript } from '../../tests/support/script.js'
import { openRegistry } from './open-registry.js'
import { testRegistry } from './registry.testsuite.js'

/** Holds the write lock for a while. By the clock, as the one that waits for it is blocked and cannot give a sign. */
const WRITER = `
import Database from 'libsql'
const database = new Database(process.argv[2])
database.exec('begin immediate')
process.stdout.write('locked')
setTimeout(() => database.exec('commit'), 300)
`

let dir: string
let files = 0

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'alien-registry-'))
})
afterAll(() => rm(dir, { recursive: true }))

describe('registry in SQLite', () => {
  testRegistry({
    createDatabase: () => Promise.resolve({ file: join(dir, `${(files += 1)}.db`) }),
    execute({ file = '' }, sql) {
      const database = new Database(file)
      database.exec(`pragma foreign_keys = on; ${sql}`)
      database.close()
      return Promise.resolve()
    },
  })

  test('makes its directories, and files that only the owner may read', async () => {
    const file = join(dir, 'a', 'b', 'registry.db')
    const registry = await openRegistry({ file })
    const modes = [join(dir, 'a'), file, `${file}-wal`, `${file}-shm`].map(
      async (path) => (await stat(path)).mode & 0o777,
    )
    expect(await Promise.all(modes)).toEqual([0o700, 0o600, 0o600, 0o600])
    await registry.close()
  })

  test('waits while another process makes the file', async () => {
    const file = join(dir, 'new.db')
    const script = await buildScript(WRITER)
    onTestFinished(script.remove)
    const writer = script.start(file)
    await once(writer.stdout, 'data')
    const exited = once(writer, 'exit')
    const registry = await openRegistry({ file })
    await expect(registry.deployments.create({ name: 'acme' })).resolves.toMatchObject({ name: 'acme' })
    expect(await exited).toEqual([0, null])
    await registry.close()
  })

  test('waits while another process writes', async () => {
    const file = join(dir, 'busy.db')
    const registry = await openRegistry({ file })
    const script = await buildScript(WRITER)
    onTestFinished(script.remove)
    const writer = script.start(file)
    await once(writer.stdout, 'data')
    const exited = once(writer, 'exit')
    await expect(registry.deployments.create({ name: 'acme' })).resolves.toMatchObject({ name: 'acme' })
    expect(await exited).toEqual([0, null])
    await registry.close()
  })

  test('refuses a file that is no database', async () => {
    const file = join(dir, 'notes.txt')
    await writeFile(file, 'not a database, but long enough to have the header of one\n'.repeat(20))
    await expect(openRegistry({ file })).rejects.toMatchObject({
      code: 'unavailable',
      message: `cannot open the registry at ${file}: file is not a database`,
    })
  })
})
