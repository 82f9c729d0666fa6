import { randomBytes } from 'node:crypto'
import proto from '@temporalio/proto'
import type protobuf from 'protobufjs'
import { describe, expect, test } from 'vitest'
import type { Agent } from './agent.js'
import { GATEWAY_METHODS, SERVICE } from './methods.js'
import { Refusal } from './refusal.js'
import { rewriteRequest } from './request.js'
import { TaskTokenSeal } from './task-token.js'
import { wireField } from './wire.js'

const { workflowservice, enums } = proto.temporal.api
const v1 = workflowservice.v1
const { TaskQueueKind, TaskQueueType, WorkerVersioningMode } = enums.v1
const root = proto as unknown as protobuf.Root

const agent: Agent = {
  tokenId: 'agtid_1',
  deployment: { id: 'dep_a', name: 'acme-corp' },
  queues: new Set(['deployment-dep_a', 'deployment-dep_a/connector']),
}
const seal = new TaskTokenSeal([randomBytes(32)])
const scope = { agent, namespace: 'default', seal }
const IDENTITY = 'agent/acme-corp/agtid_1'
const temporalToken = randomBytes(100)
const taskToken = seal.seal(temporalToken, 'dep_a', Date.now() + 60_000)

const method = (name: string) => {
  const found = GATEWAY_METHODS.get(`/${SERVICE}/${name}`)
  if (found === undefined) throw new Error(`no method ${name}`)
  return found
}

const rewrite = (name: string, message: Uint8Array): Uint8Array => rewriteRequest(method(name), message, scope)

const refusal = (name: string, message: Uint8Array): string => {
  try {
    rewrite(name, message)
  } catch (error) {
    if (error instanceof Refusal) return `${String(error.code)} ${error.message}`
    throw error
  }
  return 'let through'
}

const DENIED = 7
const MALFORMED = 3

const ownQueue = { name: 'deployment-dep_a', kind: TaskQueueKind.TASK_QUEUE_KIND_NORMAL }
const poll = (fields: Parameters<typeof v1.PollActivityTaskQueueRequest.create>[0] = {}): Uint8Array =>
  v1.PollActivityTaskQueueRequest.encode({ namespace: 'default', taskQueue: ownQueue, ...fields }).finish()

describe('a poll', () => {
  test('goes on with what matters, under the name of its token', () => {
    const sent = poll({
      identity: 'somebody-else',
      workerInstanceKey: 'worker-1',
      workerControlTaskQueue: 'temporal-sys/worker-commands',
      taskQueueMetadata: { maxTasksPerSecond: { value: 0 } },
      workerVersionCapabilities: { buildId: 'b1' },
      deploymentOptions: {
        buildId: 'b1',
        workerVersioningMode: WorkerVersioningMode.WORKER_VERSIONING_MODE_UNVERSIONED,
      },
    })
    expect(v1.PollActivityTaskQueueRequest.decode(rewrite('PollActivityTaskQueue', sent)).toJSON()).toStrictEqual({
      namespace: 'default',
      taskQueue: { name: 'deployment-dep_a', kind: 'TASK_QUEUE_KIND_NORMAL' },
      identity: IDENTITY,
    })
  })

  test('of a function of the deployment goes on', () => {
    const taskQueue = { ...ownQueue, name: 'deployment-dep_a/connector' }
    expect(refusal('PollActivityTaskQueue', poll({ taskQueue }))).toBe('let through')
  })

  test.each([
    ['another deployment', { ...ownQueue, name: 'deployment-dep_b' }],
    ['a function that is not there', { ...ownQueue, name: 'deployment-dep_a/other' }],
    ['the vendor worker', { ...ownQueue, name: 'commands' }],
    ['nobody', { ...ownQueue, name: '' }],
    ['its own, with another ending', { ...ownQueue, name: 'deployment-dep_a\0' }],
    ['its own, in capitals', { ...ownQueue, name: 'DEPLOYMENT-dep_a' }],
    ['its own, sticky', { ...ownQueue, kind: TaskQueueKind.TASK_QUEUE_KIND_STICKY }],
    ['its own, with another normal name', { ...ownQueue, normalName: 'deployment-dep_b' }],
    ['its own, of no kind', { name: 'deployment-dep_a' }],
  ])('of the queue of %s is refused', (_whose, taskQueue) => {
    expect(refusal('PollActivityTaskQueue', poll({ taskQueue }))).toBe(`${DENIED} this is not your task queue`)
  })

  test('of another namespace, or of none, is refused', () => {
    expect(refusal('PollActivityTaskQueue', poll({ namespace: 'other' }))).toBe(`${DENIED} this is not your namespace`)
    const without = v1.PollActivityTaskQueueRequest.encode({ taskQueue: ownQueue }).finish()
    expect(refusal('PollActivityTaskQueue', without)).toBe(`${MALFORMED} field 1 is missing`)
    expect(refusal('PollActivityTaskQueue', wireField(1, 'default'))).toBe(`${MALFORMED} field 2 is missing`)
  })

  test('of a versioned worker is refused', () => {
    const message = `${DENIED} worker versioning is not for agents`
    expect(refusal('PollActivityTaskQueue', poll({ workerVersionCapabilities: { useVersioning: true } }))).toBe(message)
    expect(
      refusal(
        'PollActivityTaskQueue',
        poll({ deploymentOptions: { workerVersioningMode: WorkerVersioningMode.WORKER_VERSIONING_MODE_VERSIONED } }),
      ),
    ).toBe(message)
  })

  test('that says a thing twice is refused', () => {
    const twice = Buffer.concat([poll(), wireField(1, 'other')])
    expect(refusal('PollActivityTaskQueue', twice)).toBe(`${MALFORMED} field 1 is there twice`)
  })

  test('that is no message, or too long a one, is refused', () => {
    const notOne = `${MALFORMED} the request is not the protobuf message it should be`
    expect(refusal('PollActivityTaskQueue', Buffer.from('garbage'))).toBe(notOne)
    expect(refusal('PollActivityTaskQueue', Buffer.from([0x0b, 0x0c]))).toBe(notOne)
    expect(refusal('PollActivityTaskQueue', Buffer.alloc(20_000))).toBe(
      `${MALFORMED} the request has 20000 bytes, the limit is 16384`,
    )
  })
})

const payloads = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"a":1}') }] }

describe.each([
  ['RespondActivityTaskCompleted', 'RespondActivityTaskCompletedRequest', { result: payloads }],
  [
    'RespondActivityTaskFailed',
    'RespondActivityTaskFailedRequest',
    { failure: { message: 'no' }, lastHeartbeatDetails: payloads },
  ],
  ['RespondActivityTaskCanceled', 'RespondActivityTaskCanceledRequest', { details: payloads }],
  ['RecordActivityTaskHeartbeat', 'RecordActivityTaskHeartbeatRequest', { details: payloads }],
] as const)('%s', (name, typeName, told) => {
  const type = root.lookupType(`temporal.api.workflowservice.v1.${typeName}`)
  const encode = (fields: object): Uint8Array =>
    type.encode(type.fromObject({ namespace: 'default', ...told, ...fields })).finish()

  test('goes on with Temporal’s token, what it tells, and the name of its token', () => {
    const sent = encode({ taskToken, identity: 'somebody-else', resourceId: 'workflow:other' })
    const got = type.toObject(type.decode(rewrite(name, sent)))
    expect(got).toStrictEqual(
      type.toObject(type.fromObject({ namespace: 'default', ...told, taskToken: temporalToken, identity: IDENTITY })),
    )
  })

  test('is refused with any token but one of ours for this deployment', () => {
    const refused = `${DENIED} this is not a task token of yours, or its attempt is over`
    expect(refusal(name, encode({ taskToken: temporalToken }))).toBe(refused)
    expect(refusal(name, encode({ taskToken: seal.seal(temporalToken, 'dep_b', Date.now() + 60_000) }))).toBe(refused)
    expect(refusal(name, encode({ taskToken: seal.seal(temporalToken, 'dep_a', Date.now() - 1) }))).toBe(refused)
    expect(refusal(name, encode({}))).toBe(`${MALFORMED} field 1 is missing`)
  })
})

describe('what a report tells', () => {
  const { Failure } = proto.temporal.api.failure.v1
  const report = (failure: Uint8Array): Uint8Array =>
    Buffer.concat([wireField(1, taskToken), wireField(2, failure), wireField(4, 'default')])

  const nested = (levels: number): Uint8Array => {
    let failure = Failure.encode({ message: 'the root' }).finish()
    for (let level = 1; level < levels; level += 1) failure = Buffer.from(wireField(4, failure))
    return failure
  }

  test('may have causes, and no endless chain of them', () => {
    expect(refusal('RespondActivityTaskFailed', report(nested(30)))).toBe('let through')
    expect(refusal('RespondActivityTaskFailed', report(nested(100)))).toBe(
      `${MALFORMED} the message is nested too deeply`,
    )
  })

  test('loses what nobody knows, wherever it is, and keeps the rest to the byte', () => {
    const clean = Failure.encode({ message: 'no', cause: { message: 'why' } }).finish()
    const cause = Buffer.concat([wireField(1, 'why'), wireField(999, 'unknown text')])
    const failure = Buffer.concat([wireField(1, 'no'), wireField(4, cause), wireField(777, 'y')])
    const got = v1.RespondActivityTaskFailedRequest.decode(rewrite('RespondActivityTaskFailed', report(failure)))
    expect(Buffer.from(Failure.encode(got.failure ?? {}).finish())).toStrictEqual(Buffer.from(clean))
    expect(
      Buffer.from(rewrite('RespondActivityTaskFailed', report(failure))).includes(Buffer.from('unknown text')),
    ).toBe(false)
  })

  test('may have no groups, and no known field of another type', () => {
    const notOne = `${MALFORMED} the request is not the protobuf message it should be`
    expect(refusal('RespondActivityTaskFailed', report(Buffer.from([0x9b, 0x06, 0x9c, 0x06])))).toBe(notOne)
    // `message` as a number.
    const got = rewrite('RespondActivityTaskFailed', report(Buffer.from([0x08, 0x01])))
    expect(v1.RespondActivityTaskFailedRequest.decode(got).failure?.message).toBe('')
  })
})

describe('a worker', () => {
  test('shuts down under the name of its token, for its own queue and for activities only', () => {
    const request = v1.ShutdownWorkerRequest.encode({
      namespace: 'default',
      taskQueue: 'deployment-dep_a',
      taskQueueTypes: [TaskQueueType.TASK_QUEUE_TYPE_WORKFLOW, TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY],
      workerInstanceKey: 'worker-1',
      identity: 'somebody-else',
      reason: 'because',
    }).finish()
    expect(v1.ShutdownWorkerRequest.decode(rewrite('ShutdownWorker', request)).toJSON()).toStrictEqual({
      namespace: 'default',
      taskQueue: 'deployment-dep_a',
      taskQueueTypes: ['TASK_QUEUE_TYPE_ACTIVITY'],
      workerInstanceKey: 'worker-1',
      identity: IDENTITY,
    })
  })

  test.each([
    ['another queue', { taskQueue: 'deployment-dep_b' }],
    ['a sticky queue', { taskQueue: 'deployment-dep_a', stickyTaskQueue: 'sticky' }],
  ])('is refused a shutdown of %s', (_what, fields) => {
    const request = v1.ShutdownWorkerRequest.encode({ namespace: 'default', ...fields }).finish()
    expect(refusal('ShutdownWorker', request)).toBe(`${DENIED} this is not your task queue`)
  })

  test('says how it does, of its own queue', () => {
    const heartbeat = (taskQueue: string): Uint8Array =>
      v1.RecordWorkerHeartbeatRequest.encode({
        namespace: 'default',
        workerHeartbeat: [
          { taskQueue: 'deployment-dep_a', workerIdentity: 'x' },
          { taskQueue, sdkVersion: '1' },
        ],
      }).finish()
    const got = v1.RecordWorkerHeartbeatRequest.decode(rewrite('RecordWorkerHeartbeat', heartbeat('deployment-dep_a')))
    expect(got.identity).toBe(IDENTITY)
    expect(got.workerHeartbeat.map(({ workerIdentity }) => workerIdentity)).toStrictEqual([IDENTITY, IDENTITY])
    expect(refusal('RecordWorkerHeartbeat', heartbeat('deployment-dep_b'))).toBe(
      `${DENIED} this is not your task queue`,
    )
  })

  test('is told of its own namespace only', () => {
    const describe = (namespace: string, id = ''): Uint8Array =>
      v1.DescribeNamespaceRequest.encode({ namespace, id }).finish()
    expect(refusal('DescribeNamespace', describe('default'))).toBe('let through')
    expect(refusal('DescribeNamespace', describe('temporal-system'))).toBe(`${DENIED} this is not your namespace`)
    const byId = v1.DescribeNamespaceRequest.decode(rewrite('DescribeNamespace', describe('default', 'some-id')))
    expect(byId.id).toBe('')
  })
})

test('every field that is passed on is one of the type it is said to be of', () => {
  for (const { name, fields, required, identity } of GATEWAY_METHODS.values()) {
    const type = root.lookupType(`temporal.api.workflowservice.v1.${name}Request`)
    const ids = [...Object.keys(fields).map(Number), ...required, ...(identity === undefined ? [] : [identity])]
    for (const id of ids) expect([name, id, type.fieldsById[id]?.id]).toStrictEqual([name, id, id])
    if (identity !== undefined) expect(type.fieldsById[identity]?.name).toBe('identity')
  }
})
