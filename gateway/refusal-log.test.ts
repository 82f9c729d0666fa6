import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { Agent } from './agent.js'
import type { Denial } from './denial-audit.js'
import { denied, Refusal } from './refusal.js'
import { RefusalLog } from './refusal-log.js'

const agent: Agent = { tokenId: 'agtid_1', deployment: { id: 'dep_a', name: 'acme-corp' }, queues: new Set() }
const other: Agent = { tokenId: 'agtid_2', deployment: { id: 'dep_b', name: 'globex' }, queues: new Set() }

const CALL = { path: '/service/Method', address: '::1', agent }

let lines: unknown[][]
let denials: Denial[]
let refusals: RefusalLog

beforeEach(() => {
  vi.useFakeTimers()
  lines = []
  denials = []
  refusals = new RefusalLog(
    {
      warn: (...line) => lines.push(['warn', ...line]),
      error: (...line) => lines.push(['error', ...line]),
    },
    { add: (denial) => denials.push(denial) },
  )
})
afterEach(() => void vi.useRealTimers())

test('what is refused is counted, and logged with its deployment, a line a minute for each reason', () => {
  const path = `/service/${'M'.repeat(200)}`
  const refuse = (reason: string, who?: Agent) =>
    refusals.refusalOf(denied(reason), { path, address: '::1', agent: who })
  for (let time = 0; time < 50; time += 1) refuse('not yours', agent)
  refuse('not yours', other)
  refuse('no method', agent)
  refuse('not yours')
  vi.advanceTimersByTime(60_000)
  refuse('not yours', agent)
  const method = `/service/${'M'.repeat(91)}`
  expect(lines).toStrictEqual([
    ['warn', { method, deployment: 'acme-corp', tokenId: 'agtid_1' }, 'refused a call of an agent: not yours'],
    ['warn', { method, deployment: 'globex', tokenId: 'agtid_2' }, 'refused a call of an agent: not yours'],
    ['warn', { method, deployment: 'acme-corp', tokenId: 'agtid_1' }, 'refused a call of an agent: no method'],
    ['warn', { method, address: '::1' }, 'refused a call of an agent: not yours'],
    [
      'warn',
      { method, deployment: 'acme-corp', tokenId: 'agtid_1', alsoRefused: 49 },
      'refused a call of an agent: not yours',
    ],
  ])
  expect(refusals.count).toBe(54)
  // Whom nobody knows is in no audit.
  expect(denials).toHaveLength(53)
  expect(denials[50]).toStrictEqual({ path, address: '::1', agent: other, code: status.PERMISSION_DENIED })
})

test('a harmless method does not hide one that is not', () => {
  const service = '/temporal.api.workflowservice.v1.WorkflowService'
  const refuse = (method: string) =>
    refusals.refusalOf(denied('not yours'), { path: `${service}/${method}`, address: '::1', agent })
  for (const method of ['GetClusterInfo', 'TerminateWorkflowExecution', 'TerminateWorkflowExecution']) refuse(method)
  expect(lines.map(([, fields]) => (fields as { method: string }).method)).toStrictEqual([
    `${service}/GetClusterInfo`,
    `${service}/TerminateWorkflowExecution`,
  ])
})

test('what may pass is told, and is no refusal', () => {
  const busy = new Refusal(status.RESOURCE_EXHAUSTED, 'busy')
  expect(refusals.refusalOf(busy, CALL)).toBe(busy)
  expect(refusals.count).toBe(0)
  expect(denials).toStrictEqual([])
  expect(lines).toStrictEqual([])
})

test('an address with too many wrong tokens is logged', () => {
  const busy = new Refusal(status.RESOURCE_EXHAUSTED, 'too many')
  refusals.refusalOf(busy, { ...CALL, agent: undefined })
  expect(lines).toStrictEqual([
    ['warn', { method: '/service/Method', address: '::1' }, 'refused a call of an agent: too many'],
  ])
})

test('a defect of ours is logged as one, and is something that may pass', () => {
  expect(refusals.refusalOf(new Error('oh'), CALL)).toMatchObject({
    code: status.UNAVAILABLE,
    message: 'the gateway failed',
  })
  expect(lines).toStrictEqual([
    [
      'error',
      { method: '/service/Method', reason: expect.stringContaining('Error: oh') as string },
      'the gateway failed on a call of an agent',
    ],
  ])
})
