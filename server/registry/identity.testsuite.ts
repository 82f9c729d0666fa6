/** What the registry promises of rights, rotation and the audit, whichever the engine. Part of `testRegistry`. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { AuditRecord } from '../../protocol/audit.js'
import type { Rights } from '../../protocol/rights.js'
import { newAuditId, type AuditFilter } from './audit-records.js'
import type { Registry } from './open-registry.js'
import { hashToken } from './tokens.js'

const ISO_TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/
const HOUR_MS = 3_600_000
const RIGHTS: Rights = { scopes: ['invoke'], deployments: ['acme-*'], commands: ['generate-*', 'x'] }

const inMs = (ms: number) => new Date(Date.now() + ms)

export function testIdentity(opened: () => Registry): void {
  let registry: Registry
  let deployment: { id: string; name: string }

  beforeEach(async () => {
    registry = opened()
    deployment = await registry.deployments.create({ name: 'acme-eu' })
  })

  /** Both kinds, for what they have in common. */
  const kinds = [
    {
      of: () => registry.apiKeys,
      make: (expiresAt: Date | null = null) => registry.apiKeys.create({ name: 'ci', rights: RIGHTS, expiresAt }),
      facts: () => ({ kind: 'api-key', name: 'ci', ...RIGHTS }),
      idPattern: /^keyid_[a-z2-7]{20}$/,
    },
    {
      of: () => registry.agentTokens,
      make: (expiresAt: Date | null = null) => registry.agentTokens.create(deployment.id, { name: 'ci', expiresAt }),
      facts: () => ({ kind: 'agent-token', name: 'ci', deployment: { id: deployment.id, name: 'acme-eu' } }),
      idPattern: /^agtid_[a-z2-7]{20}$/,
    },
  ]

  describe.each(kinds)('tokens of either kind (%#)', ({ of, make, facts, idPattern }) => {
    test('are found and listed, never with what verifies them', async () => {
      const { id } = await make()
      const info = {
        ...facts(),
        id: expect.stringMatching(idPattern) as string,
        status: 'active',
        createdAt: expect.stringMatching(ISO_TIME) as string,
        expiresAt: null,
        revokedAt: null,
      }
      expect(await of().find(id)).toStrictEqual(info)
      expect(await of().list()).toStrictEqual([info])
      expect(await of().find('keyid_nobody')).toBeUndefined()
    })

    test('are told from others by their hashes, many at once', async () => {
      const [good, other, expired, revoked] = [await make(), await make(), await make(inMs(-1)), await make()]
      await of().revoke(revoked.id)
      const hashes = [good, other, expired, revoked, { token: 'nobody' }].map(({ token }) => hashToken(token))
      // Its first half finds the row, and is not enough.
      const alike = hashToken(other.token).slice(0, 32) + '0'.repeat(32)
      expect(await of().goodHashes([...hashes.filter((hash) => hash !== hashes[1]), alike])).toEqual([hashes[0]])
      expect((await of().goodHashes(hashes)).sort()).toEqual(hashes.slice(0, 2).sort())
    })

    test('expire', async () => {
      const { id, token } = await make(inMs(-1))
      expect(await of().verify(token)).toBeUndefined()
      expect(await of().find(id)).toMatchObject({ status: 'expired' })
    })

    test('are revoked one by one, and that is dated once', async () => {
      const [first, second] = [await make(), await make()]
      await of().revoke(first.id)
      const revoked = await of().find(first.id)
      expect(revoked).toMatchObject({ status: 'revoked', revokedAt: expect.stringMatching(ISO_TIME) as string })
      expect(await of().verify(first.token)).toBeUndefined()
      expect(await of().verify(second.token)).toBeDefined()
      await of().revoke(first.id)
      expect(await of().find(first.id)).toEqual(revoked)
    })

    test('are rotated: the new one has the same rights, the old one goes on for a while', async () => {
      const old = await make()
      const rotated = await of().rotate(old.id, HOUR_MS)
      expect(rotated?.id).not.toBe(old.id)
      expect(await of().verify(rotated?.token ?? '')).toBeDefined()
      expect(await of().find(rotated?.id ?? '')).toMatchObject({ ...facts(), expiresAt: null, status: 'active' })
      expect(await of().verify(old.token)).toBeDefined()
      const leftMs = Date.parse((await of().find(old.id))?.expiresAt ?? '') - Date.now()
      expect(leftMs).toBeGreaterThan(HOUR_MS - 60_000)
      expect(leftMs).toBeLessThanOrEqual(HOUR_MS)
    })

    test('are rotated without an overlap, too', async () => {
      const old = await make()
      await of().rotate(old.id, 0)
      expect(await of().verify(old.token)).toBeUndefined()
    })

    test('live as long as those they follow, which do not live longer for it', async () => {
      const old = await make(inMs(HOUR_MS / 2))
      const before = await of().find(old.id)
      const rotated = await of().rotate(old.id, HOUR_MS)
      expect((await of().find(old.id))?.expiresAt).toBe(before?.expiresAt)
      const after = await of().find(rotated?.id ?? '')
      const lifeMs = Date.parse(after?.expiresAt ?? '') - Date.parse(after?.createdAt ?? '')
      expect(Math.abs(lifeMs - HOUR_MS / 2)).toBeLessThan(1_000)
    })

    test('are not rotated once they are no longer good', async () => {
      const [revoked, expired] = [await make(), await make(inMs(-1))]
      await of().revoke(revoked.id)
      for (const id of [revoked.id, expired.id, 'keyid_nobody']) {
        expect(await of().rotate(id, HOUR_MS)).toBeUndefined()
      }
      expect(await of().list()).toHaveLength(2)
    })
  })

  describe('api keys', () => {
    test('have the rights they were given', async () => {
      const { id, token } = await registry.apiKeys.create({ name: 'ci', rights: RIGHTS })
      expect(await registry.apiKeys.verify(token)).toEqual({ id, name: 'ci', expiresAt: null, ...RIGHTS })
    })
  })

  describe('the audit', () => {
    const START = Date.parse('2026-01-01T00:00:00.000Z')
    const EVERYTHING: AuditFilter = { deployments: ['*'], commands: ['*'] }

    const record = (minute: number, over: Partial<AuditRecord> = {}): AuditRecord => {
      const at = new Date(START + minute * 60_000)
      return {
        id: newAuditId(at),
        at: at.toISOString(),
        actor: { kind: 'api-key', id: 'keyid_1', name: 'ci' },
        address: '::1',
        method: 'POST',
        action: 'invocations.create',
        deploymentId: 'dep_1',
        deploymentName: 'acme-eu',
        command: 'generate-report',
        invocationId: 'inv_1',
        tokenId: null,
        outcome: 'done',
        status: 200,
        code: null,
        requestId: 'req_1',
        calls: 1,
        ...over,
      }
    }

    const minutesOf = async (filter: Partial<AuditFilter>, limit = 100): Promise<number[]> =>
      (await registry.audit.list({ ...EVERYTHING, ...filter }, limit)).map(
        ({ at }) => (Date.parse(at) - START) / 60_000,
      )

    test('gives back what it was given, newest first', async () => {
      const agent = { kind: 'agent-token', id: 'agtid_1', deploymentId: 'dep_1' } as const
      const nothing = { deploymentId: null, deploymentName: null, command: null, invocationId: null }
      const records = [
        record(1, { actor: agent, method: 'PollActivityTaskQueue', calls: 300 }),
        record(2, { ...nothing, tokenId: 'keyid_2', outcome: 'denied', status: 403, code: 'permission_denied' }),
      ]
      await registry.audit.add(records)
      expect(await registry.audit.list(EVERYTHING, 100)).toStrictEqual(records.toReversed())
    })

    test('keeps what it has of a deployment that is gone', async () => {
      await registry.audit.add([record(1, { deploymentId: deployment.id })])
      await registry.deployments.delete(deployment.id)
      expect(await minutesOf({ deployment: deployment.id })).toEqual([1])
    })

    test('is filtered', async () => {
      await registry.audit.add([
        record(1),
        record(2, { deploymentId: 'dep_2', deploymentName: 'globex' }),
        record(3, { action: 'tokens.create' }),
        record(4, { actor: { kind: 'api-key', id: 'keyid_2', name: 'night' } }),
      ])
      expect(await minutesOf({ deployment: 'dep_2' })).toEqual([2])
      expect(await minutesOf({ deployment: 'globex' })).toEqual([2])
      expect(await minutesOf({ action: 'tokens.create' })).toEqual([3])
      expect(await minutesOf({ actor: 'keyid_2' })).toEqual([4])
      expect(await minutesOf({ actor: 'night' })).toEqual([4])
      expect(await minutesOf({ actor: 'night', deployment: 'globex' })).toEqual([])
      const [from, to] = [new Date(START + 2 * 60_000), new Date(START + 4 * 60_000)]
      expect(await minutesOf({ from, to })).toEqual([3, 2])
    })

    test('is read in pages', async () => {
      await registry.audit.add([1, 2, 3, 4, 5].map((minute) => record(minute)))
      const page = await registry.audit.list(EVERYTHING, 2)
      expect(page.map(({ at }) => (Date.parse(at) - START) / 60_000)).toEqual([5, 4])
      expect(await minutesOf({ before: page[1]?.id })).toEqual([3, 2, 1])
    })

    test('forgets what is old, so many at a time and the oldest first', async () => {
      await registry.audit.add([1, 2, 3, 4].map((minute) => record(minute)))
      const before = new Date(START + 4 * 60_000)
      expect(await registry.audit.deleteOlder(before, 2)).toBe(2)
      expect(await minutesOf({})).toEqual([4, 3])
      expect(await registry.audit.deleteOlder(before, 2)).toBe(1)
      expect(await registry.audit.deleteOlder(before, 2)).toBe(0)
      expect(await minutesOf({})).toEqual([4])
    })

    test('shows what patterns cover, and what is about no command', async () => {
      await registry.audit.add([
        record(1),
        record(2, { deploymentId: 'dep_2', deploymentName: 'acme_eu' }),
        record(3, { deploymentId: 'dep_3', deploymentName: 'acmexeu' }),
        record(4, { deploymentId: null, deploymentName: null }),
        record(5, { command: null }),
        record(6, { command: 'run' }),
      ])
      expect(await minutesOf({ deployments: ['acme-*'] })).toEqual([6, 5, 1])
      expect(await minutesOf({ deployments: ['acme_eu', 'dep_3'] })).toEqual([3, 2])
      expect(await minutesOf({ deployments: ['*u'], commands: ['generate-*'] })).toEqual([5, 3, 2, 1])
    })
  })
}
