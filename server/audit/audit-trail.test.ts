import { join } from 'node:path'
import pino from 'pino'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import type { AuditEntry } from '../../protocol/audit.js'
import { openRegistry, type Registry } from '../registry/open-registry.js'
import { AuditTrail } from './audit-trail.js'

const EVERYTHING = { deployments: ['*'], commands: ['*'] }

let registry: Registry
let logged: Record<string, unknown>[]
let trail: AuditTrail

beforeEach(async () => {
  registry = await openRegistry({ file: join(await scratchDirectory(), 'registry.db') })
  onTestFinished(() => registry.close())
  logged = []
  const log = pino({}, { write: (line) => void logged.push(JSON.parse(line) as Record<string, unknown>) })
  trail = new AuditTrail(registry.audit, log)
})

const entry = (requestId: string): AuditEntry => ({
  actor: { kind: 'api-key', id: 'keyid_1', name: 'ci' },
  address: '::1',
  method: 'POST',
  action: 'deployments.create',
  deploymentId: null,
  deploymentName: 'acme',
  command: null,
  invocationId: null,
  tokenId: null,
  outcome: 'done',
  status: 201,
  code: null,
  requestId,
  calls: 1,
})

const written = async (): Promise<string[]> =>
  (await registry.audit.list(EVERYTHING, 1_000)).map(({ requestId }) => requestId)

test('what was appended is written soon, without being asked for', async () => {
  trail.append(entry('a'))
  trail.append(entry('b'))
  await expect.poll(async () => (await written()).sort()).toEqual(['a', 'b'])
  // And again, after a pause.
  trail.append(entry('c'))
  await expect.poll(async () => (await written()).sort()).toEqual(['a', 'b', 'c'])
})

test('closing writes all that was appended, however much', async () => {
  for (let count = 0; count < 250; count += 1) trail.append(entry(`req_${count}`))
  await trail.close(0)
  expect(await written()).toHaveLength(250)
})

test('closing waits for calls that have begun', async () => {
  const [recorded, unrecorded] = [trail.begin(), trail.begin()]
  const closed = trail.close(60_000)
  recorded(entry('late'))
  unrecorded()
  await closed
  expect(await written()).toEqual(['late'])
})

test('closing does not wait for ever', async () => {
  trail.begin()
  await trail.close(1)
})

test('records are dated when they are appended, and sort by it', async () => {
  const before = Date.now()
  trail.append(entry('a'))
  await trail.flush()
  const [record] = await registry.audit.list(EVERYTHING, 1)
  expect(record?.id).toMatch(/^aud_[0-9a-f]{26}$/)
  const atMs = Date.parse(record?.at ?? '')
  expect(atMs).toBeGreaterThanOrEqual(before)
  expect(Number.parseInt(record?.id.slice(4, 15) ?? '', 16)).toBe(atMs)
})

test('what cannot be written is counted, and is in the log', async () => {
  await registry.close()
  trail.append(entry('lost'))
  trail.append(entry('lost too'))
  await trail.flush()
  expect(trail.failures).toBe(2)
  expect(logged).toEqual([
    expect.objectContaining({
      level: 50,
      msg: 'audit records could not be written',
      failures: 2,
      records: [expect.objectContaining(entry('lost')), expect.objectContaining(entry('lost too'))],
    }),
  ])
})

test('when too many wait, the rest is counted and logged at once', async () => {
  for (let count = 0; count < 10_001; count += 1) trail.append(entry(`req_${count}`))
  expect(trail.failures).toBe(1)
  expect(logged).toMatchObject([{ err: { message: '10000 records wait already' }, records: [entry('req_10000')] }])
  await trail.close(0)
})
