/** What the registry promises, whichever the engine. Each engine's test file runs it against a real database. */
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { buildScript } from '../../tests/support/script.js'
import { testIdentity } from './identity.testsuite.js'
import { testSealingKeys } from './sealing-keys.testsuite.js'
import { testInvocationEvents } from './invocation-events.testsuite.js'
import { testManifests } from './manifests.testsuite.js'
import { openRegistry, type Registry, type RegistryOptions } from './open-registry.js'

export interface RegistryEngine {
  /** An empty database. */
  createDatabase(): Promise<RegistryOptions>
  /** Runs statements past the registry. */
  execute(database: RegistryOptions, sql: string): Promise<void>
}

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const UNKNOWN_ID = 'dep_aaaaaaaaaaaaaaaaaaaa'

/** A process that waits for a sign, opens the database, and tries to create the one deployment. */
const RACER = `
import { once } from 'node:events'
import { openRegistry } from './server/registry/open-registry.js'
process.stdout.write('ready')
await once(process.stdin, 'data')
const registry = await openRegistry(JSON.parse(process.argv[2]))
process.stdout.write(await registry.deployments.create({ name: 'raced' }).then(() => ' won', (error) => ' ' + error.code))
await registry.close()
process.stdin.destroy()
`

export function testRegistry(engine: RegistryEngine): void {
  let database: RegistryOptions
  let registry: Registry
  let other: Registry

  const execute = (sql: string) => engine.execute(database, sql)

  beforeAll(async () => {
    database = await engine.createDatabase()
    registry = await openRegistry(database)
    other = await openRegistry(database)
  })
  afterAll(() => Promise.all([registry.close(), other.close()]))
  afterEach(() => execute('delete from deployments; delete from api_keys; delete from audit'))

  testSealingKeys({ registry: () => registry, other: () => other, clear: () => execute('delete from sealing_keys') })

  test('answers a ping, however many wait for it', async () => {
    const answer = registry.ping()
    expect(registry.ping()).toBe(answer)
    await expect(answer).resolves.toBeUndefined()
    expect(registry.ping()).not.toBe(answer)
  })

  describe('deployments', () => {
    test('are found by id and by name, by every process', async () => {
      const created = await registry.deployments.create({ name: 'acme-corp' })
      expect(created).toEqual({
        id: expect.stringMatching(/^dep_[a-z2-7]{20}$/) as string,
        name: 'acme-corp',
        createdAt: expect.stringMatching(ISO_TIME) as string,
      })
      expect(await registry.deployments.find(created.id)).toEqual(created)
      expect(await other.deployments.find('acme-corp')).toEqual(created)
    })

    test('may be pushed to, until their agents pull again', async () => {
      const topic = (name: string) => ({ kind: 'pubsub', topic: `projects/acme-prod/topics/${name}` }) as const
      const { id } = await registry.deployments.create({ name: 'acme-corp', transport: topic('a') })
      expect((await other.deployments.find(id)).transport).toEqual(topic('a'))
      expect((await registry.deployments.setTransport('acme-corp', topic('b'))).transport).toEqual(topic('b'))
      expect((await registry.deployments.setTransport(id, { kind: 'pull' })).transport).toBeUndefined()
      expect((await other.deployments.list()).map(({ transport }) => transport)).toEqual([undefined])
      for (const unknown of [UNKNOWN_ID, 'acme', 'No name']) {
        await expect(registry.deployments.setTransport(unknown, topic('a'))).rejects.toMatchObject({
          code: 'deployment_not_found',
        })
      }
    })

    test('are counted by whether their agents are there, and not while they are pushed to', async () => {
      const until = { there: new Date(Date.now() + 60_000), gone: new Date(0) }
      for (const name of ['there', 'gone'] as const) {
        const { id: deploymentId } = await registry.deployments.create({ name })
        const agent = { deploymentId, key: 'worker', tokenId: 'token', host: 'host', version: '0.1.0' }
        await registry.agents.arrived(agent, 'control-plane', until[name])
      }
      expect(await other.agents.countDeployments()).toStrictEqual({ online: 1, offline: 1 })
      await registry.deployments.setTransport('gone', { kind: 'pubsub', topic: 'projects/acme-prod/topics/a' })
      expect(await other.agents.countDeployments()).toStrictEqual({ online: 1, offline: 0 })
    })

    test('are listed by name, in the order of their bytes', async () => {
      for (const name of ['b', 'a_1', 'a-2', 'a10', 'a-1']) await registry.deployments.create({ name })
      const names = (await registry.deployments.list()).map(({ name }) => name)
      expect(names).toEqual(['a-1', 'a-2', 'a10', 'a_1', 'b'])
    })

    test.each(['', 'Acme', '-acme', '_acme', 'acme corp', 'ä', 'a'.repeat(64), 'a\n'])(
      'cannot be named %j',
      async (name) => {
        await expect(registry.deployments.create({ name })).rejects.toMatchObject({
          code: 'invalid_request',
          message: `deployment name ${JSON.stringify(name)} must start with a lower-case letter or a digit and have at most 63 lower-case letters, digits, "_" or "-"`,
        })
      },
    )

    test.each(['a', '7', 'a_b-c', 'a'.repeat(63), 'dep-1'])('can be named %j', async (name) => {
      expect(await registry.deployments.create({ name })).toMatchObject({ name })
    })

    test('cannot have a name like an id', async () => {
      await expect(registry.deployments.create({ name: 'dep_1' })).rejects.toMatchObject({
        code: 'invalid_request',
        message: 'deployment name "dep_1" must not start with "dep_", as ids do; choose another name',
      })
    })

    test('one of many that want a name at once gets it', async () => {
      const racers = [registry, other, registry, other]
      const outcomes = await Promise.allSettled(racers.map(({ deployments }) => deployments.create({ name: 'acme' })))
      const lost = outcomes.filter((outcome) => outcome.status === 'rejected')
      expect(lost).toHaveLength(3)
      for (const { reason } of lost) {
        expect(reason).toMatchObject({
          code: 'conflict',
          message: 'a deployment named "acme" already exists; choose another name or delete it first',
        })
      }
      expect(await registry.deployments.list()).toHaveLength(1)
    })

    test('unknown: the nearest names are given', async () => {
      for (const name of ['acme-corp', 'acme-eu', 'globex']) await registry.deployments.create({ name })
      await expect(registry.deployments.find('acme')).rejects.toMatchObject({
        code: 'deployment_not_found',
        message: 'no deployment "acme"; the nearest names are "acme-corp", "acme-eu"',
        details: { nearest: ['acme-corp', 'acme-eu'] },
      })
      await expect(registry.deployments.delete('globx')).rejects.toMatchObject({
        code: 'deployment_not_found',
        message: 'no deployment "globx"; the nearest name is "globex"',
        details: { nearest: ['globex'] },
      })
    })

    test('unknown: the way to see or to make some is given', async () => {
      await expect(registry.deployments.find('acme')).rejects.toMatchObject({
        code: 'deployment_not_found',
        message: 'no deployment "acme"; there are none yet, create one with: alien deployments create NAME',
        details: { nearest: [] },
      })
      await registry.deployments.create({ name: 'globex' })
      await expect(registry.deployments.find(UNKNOWN_ID)).rejects.toMatchObject({
        message: `no deployment "${UNKNOWN_ID}"; see those there are with: alien deployments list`,
      })
    })

    test('unknown, whatever the text', async () => {
      for (const name of ['a\0b', '', 'a'.repeat(100_000), '\ud800']) {
        await expect(registry.deployments.find(name)).rejects.toMatchObject({ code: 'deployment_not_found' })
        await expect(registry.deployments.delete(name)).rejects.toMatchObject({ code: 'deployment_not_found' })
      }
    })

    test('deleted: tokens and manifests go too, and the name is free', async () => {
      const acme = await registry.deployments.create({ name: 'acme' })
      const globex = await registry.deployments.create({ name: 'globex' })
      const { token } = await registry.agentTokens.create(acme.id)
      const kept = await registry.agentTokens.create(globex.id)
      await registry.manifests.publish(acme.id, '', [])

      expect(await other.deployments.delete('acme')).toEqual(acme)

      expect(await registry.agentTokens.verify(token)).toBeUndefined()
      expect(await registry.agentTokens.verify(kept.token)).toBeDefined()
      expect(await registry.manifests.forDeployment(acme.id)).toEqual([])
      expect((await registry.deployments.create({ name: 'acme' })).id).not.toBe(acme.id)
      await registry.deployments.delete(globex.id)
      expect((await registry.deployments.list()).map(({ name }) => name)).toEqual(['acme'])
    })
  })

  describe('api keys', () => {
    test('are verified by their token', async () => {
      const { id, token } = await registry.apiKeys.create({ name: 'ci' })
      expect(id).toMatch(/^keyid_[a-z2-7]{20}$/)
      expect(token).toMatch(/^key_[A-Za-z0-9_-]{43}$/)
      expect(await other.apiKeys.verify(token)).toEqual({
        id,
        name: 'ci',
        expiresAt: null,
        scopes: ['admin'],
        deployments: ['*'],
        commands: ['*'],
      })
      expect(await registry.apiKeys.verify(`${token}x`)).toBeUndefined()
      expect(await registry.apiKeys.verify('')).toBeUndefined()
    })

    test('are compared by the whole hash', async () => {
      const { token } = await registry.apiKeys.create({ name: 'ci' })
      await execute(`update api_keys set token_hash = substr(token_hash, 1, 63) || 'x'`)
      expect(await registry.apiKeys.verify(token)).toBeUndefined()
    })

    test.each(['revoked_at', 'expires_at'])('are refused after %s', async (column) => {
      const { token } = await registry.apiKeys.create({ name: 'ci' })
      await execute(`update api_keys set ${column} = '2020-01-01T00:00:00.000Z'`)
      expect(await registry.apiKeys.verify(token)).toBeUndefined()
      await expect(registry.apiKeys.create({ name: 'ci', token })).rejects.toMatchObject({
        code: 'conflict',
        message: 'the token given for api key "ci" is revoked or expired; choose another',
      })
    })

    test('are good until they expire', async () => {
      const { token } = await registry.apiKeys.create({ name: 'ci' })
      await execute(`update api_keys set expires_at = '2999-01-01T00:00:00.000Z'`)
      expect(await registry.apiKeys.verify(token)).toBeDefined()
    })

    test('with a given token are made once', async () => {
      const token = 'f'.repeat(32)
      const created = await registry.apiKeys.create({ name: 'operator', token })
      expect(created).toEqual({ id: created.id, token })
      const again = await Promise.all([registry, other].map(({ apiKeys }) => apiKeys.create({ name: 'again', token })))
      expect(again).toEqual([created, created])
      expect(await registry.apiKeys.verify(token)).toMatchObject({ id: created.id, name: 'operator' })
    })

    test.each(['short', 'f'.repeat(31), 'f'.repeat(257), `${'f'.repeat(32)} `])(
      'refuse the token %j',
      async (token) => {
        await expect(registry.apiKeys.create({ name: 'operator', token })).rejects.toMatchObject({
          code: 'invalid_request',
          message: `the api key token has ${token.length} characters; it must have 32 to 256 printable ones and no space, as openssl rand -hex 32 gives`,
        })
      },
    )
  })

  describe('agent tokens', () => {
    let deploymentId: string

    beforeEach(async () => {
      deploymentId = (await registry.deployments.create({ name: 'acme' })).id
    })

    test('are verified, every one of a deployment', async () => {
      const first = await registry.agentTokens.create(deploymentId)
      const second = await registry.agentTokens.create(deploymentId)
      expect(first.id).toMatch(/^agtid_[a-z2-7]{20}$/)
      expect(first.token).toMatch(/^agt_[A-Za-z0-9_-]{43}$/)
      const deployment = { id: deploymentId, name: 'acme' }
      for (const { id, token } of [first, second]) {
        expect(await other.agentTokens.verify(token)).toEqual({
          tokenId: id,
          deployment,
          functionNames: [],
          expiresAt: null,
        })
      }
      for (const functionName of ['', 'reports']) await registry.manifests.publish(deploymentId, functionName, [])
      expect((await other.agentTokens.verify(first.token))?.functionNames.toSorted()).toEqual(['', 'reports'])
    })

    test('are no api keys, nor the other way round', async () => {
      const agent = await registry.agentTokens.create(deploymentId)
      const key = await registry.apiKeys.create({ name: 'ci' })
      expect(await registry.apiKeys.verify(agent.token)).toBeUndefined()
      expect(await registry.agentTokens.verify(key.token)).toBeUndefined()
    })

    test('are compared by the whole hash', async () => {
      const { token } = await registry.agentTokens.create(deploymentId)
      await execute(`update agent_tokens set token_hash = substr(token_hash, 1, 63) || 'x'`)
      expect(await registry.agentTokens.verify(token)).toBeUndefined()
    })

    test('are revoked at once, those of one deployment only', async () => {
      const globex = await registry.deployments.create({ name: 'globex' })
      const kept = await registry.agentTokens.create(globex.id)
      const tokens = [await registry.agentTokens.create(deploymentId), await registry.agentTokens.create(deploymentId)]
      for (const { token } of tokens) expect(await other.agentTokens.verify(token)).toBeDefined()

      expect(await registry.agentTokens.revokeAll(deploymentId)).toBe(2)

      for (const { token } of tokens) expect(await other.agentTokens.verify(token)).toBeUndefined()
      expect(await other.agentTokens.verify(kept.token)).toBeDefined()
      expect(await registry.agentTokens.revokeAll(deploymentId)).toBe(0)
    })

    test('need a deployment', async () => {
      await expect(registry.agentTokens.create(UNKNOWN_ID)).rejects.toMatchObject({
        code: 'deployment_not_found',
        message: `no deployment "${UNKNOWN_ID}"; it may just have been deleted`,
      })
    })
  })

  describe('identity', () => {
    testIdentity(() => registry)
  })

  testInvocationEvents(
    () => registry,
    () => other,
  )

  testManifests({ registry: () => registry, other: () => other, execute })

  describe('opening', () => {
    test('keeps what is there', async () => {
      const created = await registry.deployments.create({ name: 'acme' })
      const reopened = await openRegistry(database)
      expect(await reopened.deployments.find('acme')).toEqual(created)
      await reopened.close()
    })

    test('by several processes at once migrates a new database once', { timeout: 30_000 }, async () => {
      const script = await buildScript(RACER)
      onTestFinished(script.remove)
      const empty = JSON.stringify(await engine.createDatabase())
      const racers = [1, 2, 3, 4].map(() => script.start(empty))
      const outputs = racers.map(async (racer) => {
        await once(racer.stdout, 'readable')
        return () => (racer.stdin.write('go'), text(racer.stdout))
      })
      const race = await Promise.all(outputs)
      const results = await Promise.all(race.map((go) => go()))
      expect(results.sort()).toEqual(['ready conflict', 'ready conflict', 'ready conflict', 'ready won'])
    })

    test('leaves nothing of a migration that failed', async () => {
      const obstructed = await engine.createDatabase()
      await engine.execute(obstructed, 'create table agent_tokens (id text)')
      await expect(openRegistry(obstructed)).rejects.toMatchObject({
        code: 'unavailable',
        message: expect.stringMatching(
          /^cannot migrate the registry at \S+: (?:table|relation) "agent_tokens" already exists$/,
        ) as string,
      })
      await engine.execute(obstructed, 'drop table agent_tokens')
      const registry = await openRegistry(obstructed)
      expect(await registry.deployments.list()).toEqual([])
      await registry.close()
    })

    test('refuses a database that a newer version has migrated', async () => {
      await execute(`insert into kysely_migration values ('9999-later', '2999-01-01T00:00:00.000Z')`)
      await expect(openRegistry(database)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(
          /^the registry at \S+ has migration "9999-later", which this version lacks; run the newer version$/,
        ) as string,
      })
      await execute(`delete from kysely_migration where name = '9999-later'`)
    })
  })
}
