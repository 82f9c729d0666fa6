/** `npm run example data-connector`: queries and migrates a private database by commands; checks what came of it. */
import { vault } from '@alienplatform/sdk'
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack } from '@alienplatform/sdk/testing'
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { openDatabase, type Database } from './database.js'

const PASSWORD = 'correct-horse-battery'
/** Port 1 is nobody's. */
const UNREACHABLE = { host: '127.0.0.1', port: 1, user: 'reader', password: PASSWORD }

// The customer's machine: a database, and a vault with how to reach it.
const machine = await mkdtemp(join(tmpdir(), 'alien-data-connector-'))
process.env['ALIEN_LOG_LEVEL'] ??= 'warn'
process.env['ALIEN_CREDENTIALS_BINDING'] = JSON.stringify({
  service: 'local',
  path: join(machine, 'credentials.json'),
  // A rotation is seen at once.
  cacheTtlMs: 0,
})
const credentials = vault('credentials')
const database = await openDatabase()
const stack = await startTestStack({ handlers: 'examples/data-connector/customer/handlers.ts' })
try {
  const commands = stack.client()
  await rotate({ connectionString: database.connectionString })
  await readUsers(commands)
  await migrate(commands, database)
  await breakCredentials(commands)
  console.log('\nall as it should be')
} finally {
  await stack.close()
  await database.close()
  await rm(machine, { recursive: true, force: true })
}

/** What the customer's operator does by `alien vault set credentials warehouse`. */
async function rotate(secret: object): Promise<void> {
  await credentials.set('warehouse', JSON.stringify(secret))
}

async function readUsers(commands: CommandsClient): Promise<void> {
  const users = await commands.invoke('get-users', { status: 'active', limit: 2 })
  assert.deepEqual(users, {
    rows: [
      { id: 1, name: 'User 1', email: 'user1@acme.example' },
      { id: 2, name: 'User 2', email: 'user2@acme.example' },
    ],
    count: 2,
  })
  console.log(`get-users\n  ${JSON.stringify(users)}`)
}

async function migrate(commands: CommandsClient, { query }: Database): Promise<void> {
  for (const [version, transactions] of [
    ['41', 5],
    ['42', 7],
    ['42', 5],
  ] as const) {
    const result = await commands.invoke('run-migration', { version })
    assert.deepEqual(result, { status: 'completed', version, transactions })
    console.log(`\nrun-migration to ${version}\n  ${JSON.stringify(result)}`)
  }
  const [row] = await query(
    `select count(*)::int as users, count(*) filter (where domain = 'acme.example' and balance = id * 1000)::int as migrated from users`,
  )
  assert.deepEqual(row, { users: 250, migrated: 250 })
  console.log(`\nin the database\n  ${JSON.stringify(row)}`)
}

async function breakCredentials(commands: CommandsClient): Promise<void> {
  console.log('\nwith a secret that is wrong')
  await credentials.set('warehouse', `host=db password=${PASSWORD}`)
  await expectError(commands)
  await rotate({ ...UNREACHABLE, port: 'the usual' })
  await expectError(commands)
  await rotate(UNREACHABLE)
  await expectError(commands)
  await rotate({ connectionString: database.connectionString })
  assert.equal((await commands.invoke<{ count: number }>('get-users', { status: 'left' })).count, 83)
}

/** Which says what is wrong, and nothing of the secret. */
async function expectError(commands: CommandsClient): Promise<void> {
  const error = await commands.invoke('get-users', { status: 'active' }).then(
    () => undefined,
    (thrown: unknown) => thrown,
  )
  assert(error instanceof Error, 'the query went well')
  assert(!error.message.includes(PASSWORD))
  console.log(`  ${error.message}`)
}
