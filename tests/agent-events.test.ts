/** What an agent may say, and of what: events are taken for work that it was given, and for nothing else. */
import { Client, Connection } from '@temporalio/client'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { eventually } from './support/eventually.js'
import { eventStream } from './support/events.js'
import { callApi, type Answer } from './support/http.js'
import { RawAgent } from './support/raw-agent.js'

interface Customer {
  readonly id: string
  readonly agentToken: string
  readonly invocationId: string
  /** Of its attempt, as the gateway sealed it. */
  readonly taskToken: Buffer
}

let stack: TestStack
let own: Customer
let foreign: Customer

const api = (method: string, path: string, body?: unknown): Promise<Answer> =>
  callApi(stack.state, stack.state.token, method, path, body)

/** A deployment, and an agent of it that was given work. */
async function customer(name: string, policy: object = {}): Promise<Customer> {
  const { body } = await api('POST', '/v1/deployments', { name })
  const { id, agentToken } = body as { id: string; agentToken: string }
  await callApi(stack.state, agentToken, 'POST', '/v1/agent/session', { commands: [{ name: 'work', policy: {} }] })
  const { body: invocation } = await api('POST', '/v1/invocations', { deployment: name, command: 'work', ...policy })
  const agent = new RawAgent(stack.state.url, agentToken)
  const task = await agent.call(
    'PollActivityTaskQueue',
    { namespace: stack.state.namespace, taskQueue: { name: `deployment-${id}`, kind: 1 }, workerInstanceKey: 'raw' },
    30_000,
  )
  agent.close()
  return { id, agentToken, invocationId: String(invocation.id), taskToken: task['taskToken'] as Buffer }
}

const line = (message: string) => ({ type: 'log', at: '2030-01-01T00:00:00.000Z', level: 'info', message })

const batchOf = (taskToken: Uint8Array, ...events: object[]) => ({
  taskToken: Buffer.from(taskToken).toString('base64'),
  first: 1,
  events,
})

const tell = (agentToken: string, ...batches: unknown[]): Promise<Answer> =>
  callApi(stack.state, agentToken, 'POST', '/v1/agent/events', { batches })

/** What is kept of an invocation by now; it does not end. */
async function keptOf({ invocationId }: Customer): Promise<string[]> {
  const messages: string[] = []
  for await (const { event } of eventStream(stack.state, invocationId)) {
    if (event.type !== 'log') continue
    messages.push(event.message)
    if (event.message === 'last') return messages
  }
  return messages
}

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/long-handlers.ts' })
  own = await customer('own')
  foreign = await customer('foreign')
})

afterAll(() => stack.close())

describe('a task token', () => {
  const refused = (count: number, of: number) => ({
    status: 403,
    body: {
      error: {
        code: 'permission_denied',
        message: `${count} of ${of} batches have a task token that is not yours, or whose attempt is over`,
      },
    },
  })

  test('of another deployment is refused, whoever shows it', async () => {
    expect(await tell(own.agentToken, batchOf(foreign.taskToken, line('forged')))).toMatchObject(refused(1, 1))
    expect(await tell(foreign.agentToken, batchOf(own.taskToken, line('forged')))).toMatchObject(refused(1, 1))
  })

  test('is refused when any byte of it was changed, or it was never sealed', async () => {
    for (let at = 0; at < own.taskToken.length; at += 7) {
      const tampered = Buffer.from(own.taskToken)
      tampered[at] = (tampered[at] ?? 0) ^ 1
      expect(await tell(own.agentToken, batchOf(tampered, line('forged')))).toMatchObject(refused(1, 1))
    }
    for (const bytes of [Buffer.alloc(0), Buffer.from('task'), own.taskToken.subarray(0, 40)]) {
      expect(await tell(own.agentToken, batchOf(bytes, line('forged')))).toMatchObject(refused(1, 1))
    }
  })

  test('that is good has its events kept, beside one that is not', async () => {
    const answer = await tell(
      own.agentToken,
      batchOf(foreign.taskToken, line('forged')),
      batchOf(own.taskToken, line('first'), line('last')),
    )
    expect(answer).toMatchObject(refused(1, 2))
    expect(answer.body.error.details).toEqual({ refused: [0] })
    expect(await keptOf(own)).toEqual(['first', 'last'])
    expect((await tell(foreign.agentToken, batchOf(foreign.taskToken, line('last')))).status).toBe(204)
    expect(await keptOf(foreign)).toEqual(['last'])
  })

  test('a refusal is in the audit, and what was taken is not', async () => {
    const { body } = await api('GET', '/v1/audit?action=agent.events')
    expect(body.records.length).toBeGreaterThan(0)
    for (const record of body.records) expect(record).toMatchObject({ outcome: 'denied', status: 403 })
    expect(JSON.stringify(body)).not.toContain('forged')
  })
})

describe('events that break a rule are refused, with all of the call', () => {
  const deep = (levels: number): string => `${'{"a":'.repeat(levels)}1${'}'.repeat(levels)}`

  test.each<[string, object, string | RegExp]>([
    ['of an unknown type', { type: 'ended' }, /^bad events: batches\.0\.events\.1\.type: Invalid discriminator value/],
    ['with unknown fields', { ...line('a'), attempt: 2 }, /Unrecognized key: "attempt"$/],
    ['with a line that is too long', line('x'.repeat(9_000)), /\.message: Too big/],
    ['with a level that is none', { ...line('a'), level: 'fatal' }, /\.level: /],
    ['with progress that is none', { type: 'progress', at: line('').at, done: -1 }, /\.done: /],
    [
      'with more done than there is',
      { type: 'progress', at: line('').at, done: 3, total: 2 },
      /^bad events: batches\.0\.events\.1\.done: must not be more than total$/,
    ],
    ['with a time that is none', { ...line('a'), at: 'now' }, /\.at: /],
    [
      'with fields that are too large',
      { ...line('a'), fields: { a: 'x'.repeat(60_000) } },
      /one is over the limit of 50176 bytes$/,
    ],
  ])('%s', async (_name, event, message) => {
    const { status, body } = await tell(own.agentToken, batchOf(own.taskToken, line('forged'), event))
    expect(status).toBe(400)
    expect(body.error).toMatchObject({ code: 'invalid_request', message: expect.stringMatching(message) as string })
  })

  test('fields nested too deeply', async () => {
    const body = `{"batches":[${JSON.stringify(batchOf(own.taskToken, line('a'))).replace('"message":"a"', `"message":"a","fields":${deep(100_000)}`)}]}`
    const { status } = await callApi(stack.state, own.agentToken, 'POST', '/v1/agent/events', body)
    expect(status).toBe(400)
  })

  test('something after the end', async () => {
    const { body } = await tell(own.agentToken, batchOf(own.taskToken, { type: 'finished' }, line('a')))
    expect(body.error.message).toBe('bad events: "finished" must be the last')
  })
})

test('a follower that takes nothing holds up nobody', async () => {
  const stalled = await fetch(`${stack.state.url}/v1/invocations/${own.invocationId}/events`, {
    headers: { authorization: `Bearer ${stack.state.token}` },
  })
  const text = 'x'.repeat(8_000)
  for (let round = 0; round < 50; round += 1) {
    const events = Array.from({ length: 100 }, () => line(text))
    const batch = { ...batchOf(own.taskToken, ...events), first: 10 + round * 100 }
    expect((await tell(own.agentToken, batch)).status).toBe(204)
  }
  const startMs = performance.now()
  expect(await stack.client().invoke('talk', { lines: 0 })).toBe(0)
  expect(performance.now() - startMs).toBeLessThan(30_000)
  await stalled.body?.cancel()
})

describe('heartbeats in the place of an agent that is held', () => {
  const beat = (agentToken: string, ...attempts: { taskToken: Uint8Array; details?: unknown }[]): Promise<Answer> =>
    callApi(stack.state, agentToken, 'POST', '/v1/agent/heartbeats', {
      attempts: attempts.map(({ taskToken, ...rest }) => ({
        taskToken: Buffer.from(taskToken).toString('base64'),
        ...rest,
      })),
    })

  test('are recorded for its own attempts, with a cancel in the answer, and of others it is told that they are over', async () => {
    const held = await customer('held', { heartbeatTimeout: '5m' })
    const details = { progress: { done: 1, total: 2 }, checkpoint: { row: 7 } }
    const both = () => beat(held.agentToken, { taskToken: foreign.taskToken }, { taskToken: held.taskToken, details })
    const over = { cancelRequested: false, final: true }
    expect(await both()).toMatchObject({
      status: 200,
      body: { attempts: [over, { cancelRequested: false, final: false }] },
    })
    const connection = await Connection.connect({ address: stack.state.temporalAddress })
    const { raw } = await new Client({ connection }).workflow.getHandle(held.invocationId).describe()
    await connection.close()
    const [recorded] = raw.pendingActivities?.[0]?.heartbeatDetails?.payloads ?? []
    expect(JSON.parse(Buffer.from(recorded?.data ?? []).toString())).toEqual(details)
    await api('POST', `/v1/invocations/${held.invocationId}/cancel`, { wait: 0 })
    const canceled = await eventually('the cancel is told', async () => {
      const { body } = await both()
      return body.attempts[1].cancelRequested === true ? (body.attempts as unknown) : undefined
    })
    expect(canceled).toEqual([over, { cancelRequested: true, final: false }])
  })

  test('that say the same a thousand times are one call to Temporal', async () => {
    const same = Array.from({ length: 1_000 }, () => ({ taskToken: own.taskToken }))
    // An agent may make 2,000 calls a second, twice as many at once.
    for (let count = 0; count < 5; count += 1) {
      const { status, body } = await beat(own.agentToken, ...same)
      expect({ status, answers: body.attempts?.length as unknown }).toEqual({ status: 200, answers: 1_000 })
    }
  })

  test.each<[object, number, string]>([
    [
      { progress: { done: 3, total: 2 } },
      400,
      'bad heartbeats: attempts.0.details.progress.done: must not be more than total',
    ],
    [{ said: 1 }, 400, 'bad heartbeats: attempts.0.details: Unrecognized key: "said"'],
    [{ checkpoint: 'x'.repeat(64_000) }, 413, 'the checkpoint is 64002 bytes of JSON, the limit is 64000'],
  ])('that break a rule are refused: %.40j', async (details, status, message) => {
    const answer = await beat(own.agentToken, { taskToken: own.taskToken, details })
    expect(answer).toMatchObject({ status, body: { error: { message } } })
  })
})
