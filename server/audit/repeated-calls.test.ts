import { expect, test } from 'vitest'
import type { AuditEntry } from '../../protocol/audit.js'
import { RepeatedCalls } from './repeated-calls.js'

const HOUR_MS = 3_600_000

const entry = (changes: Partial<AuditEntry> = {}): AuditEntry => ({
  actor: { kind: 'agent-token', id: 'agtid_1', deploymentId: 'dep_1' },
  address: '203.0.113.1',
  method: 'POST',
  action: 'agent.session',
  deploymentId: 'dep_1',
  deploymentName: 'acme',
  command: null,
  invocationId: null,
  tokenId: null,
  outcome: 'done',
  status: 200,
  code: null,
  requestId: 'req_1',
  calls: 1,
  ...changes,
})

test('the first of a kind is news, and again after an hour', () => {
  const calls = new RepeatedCalls()
  expect([0, 1, HOUR_MS - 1, HOUR_MS, HOUR_MS + 1].map((ms) => calls.isFirst(entry(), ms))).toEqual([
    true,
    false,
    false,
    true,
    false,
  ])
})

test.each<Partial<AuditEntry>>([
  { actor: { kind: 'agent-token', id: 'agtid_2', deploymentId: 'dep_1' } },
  { address: '203.0.113.2' },
  { action: 'other' },
  { status: 409 },
  { code: 'conflict' },
])('so is one with %j', (change) => {
  const calls = new RepeatedCalls()
  calls.isFirst(entry(), 0)
  expect(calls.isFirst(entry(change), 0)).toBe(true)
})

test('another request of the kind is none', () => {
  const calls = new RepeatedCalls()
  calls.isFirst(entry(), 0)
  expect(calls.isFirst(entry({ requestId: 'req_2' }), 0)).toBe(false)
})

test('of very many kinds, the oldest are forgotten', () => {
  const calls = new RepeatedCalls()
  for (let kind = 0; kind <= 10_000; kind += 1) calls.isFirst(entry({ address: String(kind) }), 0)
  expect(calls.isFirst(entry({ address: '10000' }), 0)).toBe(false)
  expect(calls.isFirst(entry({ address: '0' }), 0)).toBe(true)
})
