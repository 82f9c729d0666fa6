import { join } from 'node:path'
import { expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import type { AuditRecord } from '../../protocol/audit.js'
import { newAuditId } from '../registry/audit-records.js'
import { openRegistry, type Registry } from '../registry/open-registry.js'
import { startAuditRetention } from './audit-retention.js'

const DAY_MS = 86_400_000
const EVERYTHING = { deployments: ['*'], commands: ['*'] }

function record(ageMs: number): AuditRecord {
  const at = new Date(Date.now() - ageMs)
  return {
    id: newAuditId(at),
    at: at.toISOString(),
    actor: { kind: 'api-key', id: 'keyid_1', name: 'ci' },
    address: '::1',
    method: 'POST',
    action: 'deployments.create',
    deploymentId: null,
    deploymentName: null,
    command: null,
    invocationId: null,
    tokenId: null,
    outcome: 'done',
    status: 201,
    code: null,
    requestId: 'req_1',
    calls: 1,
  }
}

async function opened(): Promise<Registry> {
  const registry = await openRegistry({ file: join(await scratchDirectory(), 'registry.db') })
  onTestFinished(() => registry.close())
  return registry
}

test('deletes what is too old at once, in small batches, and keeps the rest', async () => {
  const { audit } = await opened()
  await audit.add(Array.from({ length: 1_200 }, () => record(91 * DAY_MS)))
  const kept = [record(89 * DAY_MS), record(0)]
  await audit.add(kept)
  const batches: number[] = []
  const deleteOlder = async (before: Date, limit: number): Promise<number> => {
    const deleted = await audit.deleteOlder(before, limit)
    batches.push(deleted)
    return deleted
  }
  const lines: unknown[] = []
  const told = new Promise<void>((resolve) => {
    const log = { info: (fields: object) => resolve(void lines.push(fields)), warn: () => undefined }
    const retention = startAuditRetention({ deleteOlder }, 90 * DAY_MS, log)
    onTestFinished(() => retention.close())
  })
  await told
  expect(batches).toEqual([500, 500, 200])
  expect(lines).toEqual([{ deleted: 1_200 }])
  expect((await audit.list(EVERYTHING, 100)).map(({ id }) => id)).toEqual(kept.map(({ id }) => id).reverse())
})

test('a registry that is down is told, and ends nothing', async () => {
  const lines: unknown[] = []
  let tell: () => void = () => undefined
  const told = new Promise<void>((resolve) => (tell = resolve))
  const retention = startAuditRetention({ deleteOlder: () => Promise.reject(new Error('down')) }, DAY_MS, {
    info: () => undefined,
    warn: (...line) => {
      lines.push(line)
      tell()
    },
  })
  await told
  await retention.close()
  expect(lines).toEqual([[{ error: 'down' }, 'old audit records are still there']])
})

test('closing waits for the batch under way, and begins no other', async () => {
  let finish: (deleted: number) => void = () => undefined
  let begun = 0
  const deleteOlder = (): Promise<number> => {
    begun += 1
    return new Promise((resolve) => (finish = resolve))
  }
  const retention = startAuditRetention({ deleteOlder }, DAY_MS, { info: () => undefined, warn: () => undefined })
  const closed = retention.close()
  finish(500)
  await closed
  expect(begun).toBe(1)
})
