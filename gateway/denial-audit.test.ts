import { status } from '@grpc/grpc-js'
import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import type { AuditEntry } from '../protocol/audit.js'
import type { Agent } from './agent.js'
import { DenialAudit, type Denial } from './denial-audit.js'
import { SERVICE } from './methods.js'

const agent: Agent = { tokenId: 'agtid_1', deployment: { id: 'dep_a', name: 'acme-corp' }, queues: new Set() }

let entries: AuditEntry[]
let audit: DenialAudit

beforeEach(() => {
  vi.useFakeTimers()
  entries = []
  audit = new DenialAudit({ append: (entry) => entries.push(entry) })
})
afterEach(() => void vi.useRealTimers())

function deny(path: string, times = 1, over: Partial<Denial> = {}): void {
  for (let time = 0; time < times; time += 1) {
    audit.add({ agent, path, code: status.PERMISSION_DENIED, address: '203.0.113.7', ...over })
  }
}

const told = () => entries.map(({ actor, method, code, calls }) => [actor.id, method, code, calls])

test('the first is recorded at once, with all that is known', () => {
  deny(`/${SERVICE}/PollActivityTaskQueue`)
  expect(entries).toStrictEqual([
    {
      actor: { kind: 'agent-token', id: 'agtid_1', deploymentId: 'dep_a' },
      address: '203.0.113.7',
      method: 'PollActivityTaskQueue',
      action: 'gateway.call',
      deploymentId: 'dep_a',
      deploymentName: 'acme-corp',
      command: null,
      invocationId: null,
      tokenId: null,
      outcome: 'denied',
      status: 7,
      code: 'permission_denied',
      requestId: '',
      calls: 1,
    },
  ])
})

test('those like it are counted, and told after a minute', () => {
  const path = `/${SERVICE}/PollActivityTaskQueue`
  deny(path, 1_000)
  expect(told()).toStrictEqual([['agtid_1', 'PollActivityTaskQueue', 'permission_denied', 1]])
  vi.advanceTimersByTime(60_000)
  expect(told()[1]).toStrictEqual(['agtid_1', 'PollActivityTaskQueue', 'permission_denied', 999])
  // A new minute.
  deny(path)
  vi.advanceTimersByTime(60_000)
  expect(told().slice(2)).toStrictEqual([['agtid_1', 'PollActivityTaskQueue', 'permission_denied', 1]])
})

test('each method, token and answer is told apart', () => {
  const other = { ...agent, tokenId: 'agtid_2' }
  deny(`/${SERVICE}/PollActivityTaskQueue`)
  deny(`/${SERVICE}/ShutdownWorker`)
  deny(`/${SERVICE}/PollActivityTaskQueue`, 1, { agent: other })
  deny(`/${SERVICE}/PollActivityTaskQueue`, 1, { code: status.UNAUTHENTICATED })
  expect(told()).toStrictEqual([
    ['agtid_1', 'PollActivityTaskQueue', 'permission_denied', 1],
    ['agtid_1', 'ShutdownWorker', 'permission_denied', 1],
    ['agtid_2', 'PollActivityTaskQueue', 'permission_denied', 1],
    ['agtid_1', 'PollActivityTaskQueue', 'unauthenticated', 1],
  ])
})

test('a harmless method does not hide one that is not', () => {
  deny(`/${SERVICE}/GetClusterInfo`)
  deny(`/${SERVICE}/TerminateWorkflowExecution`, 3)
  vi.advanceTimersByTime(60_000)
  expect(told()).toStrictEqual([
    ['agtid_1', 'GetClusterInfo', 'permission_denied', 1],
    ['agtid_1', 'TerminateWorkflowExecution', 'permission_denied', 1],
    ['agtid_1', 'TerminateWorkflowExecution', 'permission_denied', 2],
  ])
})

test('methods that Temporal does not have are one kind, whatever they are called', () => {
  for (let name = 0; name < 500; name += 1) deny(`/service/Method${name}`)
  vi.advanceTimersByTime(60_000)
  deny('/service/<script>')
  expect(told()).toStrictEqual([
    ['agtid_1', 'other', 'permission_denied', 1],
    ['agtid_1', 'other', 'permission_denied', 499],
    ['agtid_1', 'other', 'permission_denied', 1],
  ])
})

test('what was counted is told when the gateway stops', () => {
  deny(`/${SERVICE}/PollActivityTaskQueue`, 3)
  audit.close()
  expect(told()[1]).toStrictEqual(['agtid_1', 'PollActivityTaskQueue', 'permission_denied', 2])
  expect(vi.getTimerCount()).toBe(0)
})
