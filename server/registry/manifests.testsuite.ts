/** What the registry keeps of the commands that agents publish, on either engine. */
import { describe, expect, test } from 'vitest'
import type { ManifestCommand } from '../../protocol/manifest.js'
import type { Registry } from './open-registry.js'

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const UNKNOWN_ID = 'dep_aaaaaaaaaaaaaaaaaaaa'

const commandNamed = (name: string): ManifestCommand => ({
  name,
  description: `does "${name}" – 100 %`,
  params: { type: 'object', properties: { limit: { type: 'number' } } },
  policy: { timeout: 30_000 },
})

interface Opened {
  readonly registry: () => Registry
  readonly other: () => Registry
  /** Runs a statement past the registry. */
  readonly execute: (sql: string) => Promise<void>
}

export function testManifests({ registry, other, execute }: Opened): void {
  describe('manifests', () => {
    test('are replaced, function by function', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      const before = new Date().toISOString()
      await registry().manifests.publish(id, '', [commandNamed('old'), commandNamed('older')])
      await registry().manifests.publish(id, 'reports', [commandNamed('generate-report')])
      await registry().manifests.publish(id, '', [commandNamed('new')])

      const manifests = await other().manifests.forDeployment(id)
      const byFunction = new Map(manifests.map((manifest) => [manifest.functionName, manifest]))
      expect(manifests).toHaveLength(2)
      expect(byFunction.get('')?.commands).toEqual([commandNamed('new')])
      expect(byFunction.get('reports')?.commands).toEqual([commandNamed('generate-report')])
      for (const { publishedAt } of manifests) {
        expect(publishedAt).toMatch(ISO_TIME)
        expect(publishedAt >= before).toBe(true)
      }
    })

    test('together have the names of all commands, each once', async () => {
      const acme = await registry().deployments.create({ name: 'acme' })
      const globex = await registry().deployments.create({ name: 'globex' })
      await registry().manifests.publish(acme.id, '', [commandNamed('run'), commandNamed('list')])
      await registry().manifests.publish(globex.id, 'reports', [commandNamed('run'), commandNamed('report')])
      expect([...(await registry().manifests.commandNames())].sort()).toEqual(['list', 'report', 'run'])
    })

    test('are told in outline without what else they say', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      const policy = { timeout: 1_000 }
      await registry().manifests.publish(id, 'reports', [{ name: 'run', policy, params: { type: 'object' } }])
      expect(await registry().manifests.outlinesOf(id)).toEqual([
        { functionName: 'reports', commands: [{ name: 'run', policy }] },
      ])
    })

    test('are read whole where the version before published, which makes no outline', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      await registry().manifests.publish(id, '', [commandNamed('old')])
      const commands = JSON.stringify([commandNamed('new')])
      await execute(`update manifests set commands = '${commands}', published_at = '2020-01-01T00:00:00.000Z'`)
      const [manifest] = await registry().manifests.outlinesOf(id)
      expect(manifest?.commands).toEqual([{ name: 'new', policy: { timeout: 30_000 } }])
      expect([...(await registry().manifests.commandNames())]).toEqual(['new'])
      expect(await registry().manifests.publish(id, '', [commandNamed('new')])).toBe(true)
    })

    test('are new when something in them is', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      const publish = (...commands: ManifestCommand[]) => registry().manifests.publish(id, '', commands)
      expect(await publish(commandNamed('run'))).toBe(true)
      expect(await publish(commandNamed('run'))).toBe(false)
      expect(await publish({ ...commandNamed('run'), description: 'Runs.' })).toBe(true)
    })

    test('are of so many functions of a deployment, each of which can be replaced', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      const publish = (name: number, ...commands: ManifestCommand[]) =>
        registry().manifests.publish(id, `fn-${name}`, commands)
      // At once, for none may slip past the count of another.
      const published = await Promise.allSettled(Array.from({ length: 55 }, (_, name) => publish(name)))
      expect(published.filter(({ status }) => status === 'fulfilled')).toHaveLength(50)
      await expect(publish(99)).rejects.toMatchObject({
        code: 'conflict',
        message:
          'the deployment has 50 functions already, and may have 50; publish as one of those, which replaces it, or make another deployment',
      })
      const [known] = await registry().manifests.forDeployment(id)
      expect(await registry().manifests.publish(id, known?.functionName ?? '', [commandNamed('new')])).toBe(true)
    })

    test('of one deployment have a size', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      const globex = await registry().deployments.create({ name: 'globex' })
      const large = [{ ...commandNamed('run'), params: { description: 'x'.repeat(1_100_000) } }]
      await registry().manifests.publish(id, 'a', large)
      await registry().manifests.publish(globex.id, 'a', large)
      await expect(registry().manifests.publish(id, 'b', large)).rejects.toMatchObject({
        code: 'conflict',
        message: expect.stringMatching(
          /^the commands of the deployment's functions would be 2200\d{3} bytes of JSON, and may be 2000000; /,
        ) as string,
      })
      expect(await registry().manifests.publish(id, 'a', [commandNamed('small')])).toBe(true)
      expect(await registry().manifests.publish(id, 'b', large)).toBe(true)
    })

    test('are dated by the last publication', async () => {
      const { id } = await registry().deployments.create({ name: 'acme' })
      await registry().manifests.publish(id, '', [])
      await execute(`update manifests set published_at = '2020-01-01T00:00:00.000Z'`)
      await registry().manifests.publish(id, '', [])
      expect((await registry().manifests.forDeployment(id))[0]?.publishedAt).not.toBe('2020-01-01T00:00:00.000Z')
    })

    test('belong to one deployment', async () => {
      const acme = await registry().deployments.create({ name: 'acme' })
      const globex = await registry().deployments.create({ name: 'globex' })
      await registry().manifests.publish(acme.id, '', [])
      expect(await registry().manifests.forDeployment(globex.id)).toEqual([])
    })

    test('need a deployment', async () => {
      await expect(registry().manifests.publish(UNKNOWN_ID, '', [])).rejects.toMatchObject({
        code: 'deployment_not_found',
        message: `no deployment "${UNKNOWN_ID}"; it may just have been deleted`,
      })
    })
  })
}
