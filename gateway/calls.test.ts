import { EventEmitter, once } from 'node:events'
import { randomBytes } from 'node:crypto'
import { status } from '@grpc/grpc-js'
import proto from '@temporalio/proto'
import { beforeEach, expect, onTestFinished, test } from 'vitest'
import type { Agent } from './agent.js'
import { Calls, type CallAnswer } from './calls.js'
import { GATEWAY_METHODS, SERVICE } from './methods.js'
import { OpenPolls } from './open-polls.js'
import { Refusal } from './refusal.js'
import { TaskTokenSeal } from './task-token.js'
import type { Upstream } from './upstream.js'

const {
  DescribeNamespaceResponse,
  PollActivityTaskQueueRequest,
  PollActivityTaskQueueResponse,
  RespondActivityTaskFailedRequest,
  ShutdownWorkerRequest,
} = proto.temporal.api.workflowservice.v1
const { TASK_QUEUE_KIND_NORMAL } = proto.temporal.api.enums.v1.TaskQueueKind

const agent: Agent = {
  tokenId: 'agtid_1',
  deployment: { id: 'dep_a', name: 'acme-corp' },
  queues: new Set(['deployment-dep_a']),
}
const method = methodNamed('PollActivityTaskQueue')
const pollMessage = PollActivityTaskQueueRequest.encode({
  namespace: 'default',
  taskQueue: { name: 'deployment-dep_a', kind: TASK_QUEUE_KIND_NORMAL },
  workerInstanceKey: 'worker-1',
}).finish()

function methodNamed(name: string) {
  const found = GATEWAY_METHODS.get(`/${SERVICE}/${name}`)
  if (found === undefined) throw new Error(`no method ${name}`)
  return found
}

/** Temporal, as far as these tests need it: holds a poll until the test answers it, whatever becomes of the poll. */
class HeldTemporal implements Upstream {
  readonly sent: { method: string; request: Uint8Array }[] = []
  /** An event for each call. */
  readonly calls = new EventEmitter()
  endsPolls = true
  pollSignal: AbortSignal | undefined
  answer: (bytes: Uint8Array) => void = () => undefined
  fail: (error: Error) => void = () => undefined

  call(method: string, request: Uint8Array, { signal }: { signal?: AbortSignal }): Promise<Uint8Array> {
    this.sent.push({ method, request })
    this.calls.emit(method)
    if (method === 'DescribeNamespace') return Promise.resolve(this.#described())
    if (method !== 'PollActivityTaskQueue') return Promise.resolve(new Uint8Array())
    this.pollSignal = signal
    return new Promise((resolve, reject) => {
      this.answer = resolve
      this.fail = reject
    })
  }

  #described(): Uint8Array {
    const capabilities = { workerPollCompleteOnShutdown: this.endsPolls }
    return DescribeNamespaceResponse.encode({ namespaceInfo: { capabilities } }).finish()
  }

  close = (): Promise<void> => Promise.resolve()
}

let temporal: HeldTemporal
let polls: OpenPolls
let calls: Calls
let callerGone: AbortController
/** What the registry is told of those who poll. */
let pollers: string[]
const task = PollActivityTaskQueueResponse.encode({ taskToken: Buffer.from('temporal-own') }).finish()

beforeEach(() => {
  temporal = new HeldTemporal()
  polls = new OpenPolls({ perAgent: 1, perDeployment: 2 }, (ids) => Promise.resolve(new Set(ids)))
  callerGone = new AbortController()
  pollers = []
  const seal = new TaskTokenSeal([randomBytes(32)])
  calls = new Calls({
    upstream: temporal,
    namespace: 'default',
    seal,
    polls,
    onPoll: (_agent, key) => {
      pollers.push(key)
      return () => undefined
    },
    onHeard: () => undefined,
  })
  onTestFinished(() => polls.drain())
})

const poll = (message = pollMessage): Promise<CallAnswer> =>
  calls.handle({
    method,
    authenticated: { agent, recheck: () => Promise.resolve(agent) },
    message,
    about: { host: 'host', version: '1', key: '' },
    deadlineMs: Infinity,
    callerGone: callerGone.signal,
  })

/** In an object, for a promise of the poll itself would wait for its end. */
const heldPoll = async (): Promise<{ polled: Promise<CallAnswer> }> => {
  const held = once(temporal.calls, 'PollActivityTaskQueue')
  const polled = poll()
  await held
  return { polled }
}

const refused = (code: status, message: string) => new Refusal(code, message)

test("a worker's name is a line that can be kept, however long it is and whatever is in it", async () => {
  const request = PollActivityTaskQueueRequest.decode(pollMessage)
  request.workerInstanceKey = `a\0b\u001b[2J${'x'.repeat(10_000)}`
  const held = once(temporal.calls, 'PollActivityTaskQueue')
  const polled = poll(PollActivityTaskQueueRequest.encode(request).finish())
  await held
  expect(pollers).toEqual([`a?b?[2J${'x'.repeat(93)}`])
  temporal.answer(new Uint8Array())
  await polled
})

test('what is known of an agent is looked up anew for a queue that may be new, and for nothing else', async () => {
  let looks = 0
  const recheck = () => {
    looks += 1
    return Promise.resolve(agent)
  }
  const denied = (change: (request: ReturnType<typeof PollActivityTaskQueueRequest.decode>) => void) => {
    const request = PollActivityTaskQueueRequest.decode(pollMessage)
    change(request)
    return calls.handle({
      method,
      authenticated: { agent, recheck },
      message: PollActivityTaskQueueRequest.encode(request).finish(),
      about: { host: 'host', version: '1', key: '' },
      deadlineMs: Infinity,
      callerGone: callerGone.signal,
    })
  }
  const foreign = () => denied((request) => (request.taskQueue = { name: 'deployment-dep_b' }))
  await expect(denied((request) => (request.namespace = 'other'))).rejects.toThrow('this is not your namespace')
  expect(looks).toBe(0)
  for (let count = 0; count < 60; count += 1) await expect(foreign()).rejects.toThrow('this is not your task queue')
  // A deployment has 50 functions at most.
  expect(looks).toBe(50)
})

test('a poll whose agent goes away is ended at Temporal at once, by a key of its own', async () => {
  const { polled } = await heldPoll()
  const asked = once(temporal.calls, 'ShutdownWorker')
  callerGone.abort()
  await asked
  const { workerInstanceKey } = PollActivityTaskQueueRequest.decode(temporal.sent[0]?.request ?? Buffer.alloc(0))
  expect(workerInstanceKey).not.toBe('worker-1')
  expect(ShutdownWorkerRequest.decode(temporal.sent.at(-1)?.request ?? Buffer.alloc(0)).toJSON()).toMatchObject({
    namespace: 'default',
    workerInstanceKey,
    taskQueue: 'deployment-dep_a',
    taskQueueTypes: ['TASK_QUEUE_TYPE_ACTIVITY'],
  })
  // To cancel the call might lose a task.
  expect(temporal.pollSignal?.aborted).toBe(false)
  temporal.answer(new Uint8Array())
  await expect(polled).rejects.toThrow('the poll was canceled')
})

test('a Temporal that cannot end polls has the call canceled', async () => {
  temporal.endsPolls = false
  const { polled } = await heldPoll()
  callerGone.abort()
  await once(temporal.pollSignal ?? new EventTarget(), 'abort')
  temporal.fail(refused(status.CANCELLED, 'the call was canceled'))
  await expect(polled).rejects.toThrow('the poll was canceled')
  expect(temporal.sent.map((sent) => sent.method)).toEqual(['PollActivityTaskQueue', 'DescribeNamespace'])
})

function expectGivenBack(): void {
  const givenBack = temporal.sent.find((sent) => sent.method === 'RespondActivityTaskFailed')
  expect(RespondActivityTaskFailedRequest.decode(givenBack?.request ?? Buffer.alloc(0)).toJSON()).toMatchObject({
    taskToken: Buffer.from('temporal-own').toString('base64'),
    namespace: 'default',
    failure: { applicationFailureInfo: { type: 'task_not_delivered', nonRetryable: true } },
  })
}

test('a task that comes for an agent that is gone is given back at once', async () => {
  const { polled } = await heldPoll()
  callerGone.abort()
  temporal.answer(task)
  await expect(polled).rejects.toMatchObject({ code: status.CANCELLED })
  expectGivenBack()
})

test('a worker that says farewell has its polls ended, and still takes what came', async () => {
  const { polled } = await heldPoll()
  const asked = once(temporal.calls, 'ShutdownWorker')
  polls.endOf(agent, 'another-worker')
  polls.endOf(agent, 'worker-1')
  await asked
  temporal.answer(task)
  const { message } = await polled
  expect(PollActivityTaskQueueResponse.decode(message).taskToken).not.toHaveLength(0)
})

test('a task that does not get to its agent is given back at once, any other is not', async () => {
  const { polled } = await heldPoll()
  temporal.answer(task)
  const { undelivered } = await polled
  expect(temporal.sent).toHaveLength(1)
  undelivered?.()
  expectGivenBack()
})

test('when the control plane stops, a poll ends without a task and none is taken any more', async () => {
  temporal.endsPolls = false
  const { polled } = await heldPoll()
  polls.drain()
  temporal.fail(refused(status.CANCELLED, 'the call was canceled'))
  expect((await polled).message).toHaveLength(0)
  await expect(poll()).rejects.toMatchObject({
    code: status.UNAVAILABLE,
    message: 'the control plane is stopping',
  })
})

test('an agent may hold so many polls, and its deployment so many', async () => {
  const { polled: first } = await heldPoll()
  await expect(poll()).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    message: 'this agent may hold 1 polls at once',
  })
  temporal.answer(new Uint8Array())
  await first
  const { polled: second } = await heldPoll()
  temporal.answer(new Uint8Array())
  expect((await second).message).toHaveLength(0)
})

// The namespace is gone, say, or its region moves.
test.each(['NOT_FOUND', 'FAILED_PRECONDITION', 'INVALID_ARGUMENT'] as const)(
  'a poll that Temporal answers with %s is the vendor’s trouble, which may pass',
  async (code) => {
    const { polled } = await heldPoll()
    temporal.fail(refused(status[code], 'in words that are for reports'))
    await expect(polled).rejects.toMatchObject({ code: status.UNAVAILABLE, message: 'Temporal cannot be reached' })
  },
)

test('that Temporal is busy is told to who polls', async () => {
  const { polled } = await heldPoll()
  temporal.fail(refused(status.RESOURCE_EXHAUSTED, 'Temporal is busy; try again later'))
  await expect(polled).rejects.toMatchObject({
    code: status.RESOURCE_EXHAUSTED,
    message: 'Temporal is busy; try again later',
  })
})
