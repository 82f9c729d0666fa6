import { randomBytes } from 'node:crypto'
import proto from '@temporalio/proto'
import { expect, test, vi } from 'vitest'
import { describeNamespace, sealTask } from './answer.js'
import { TaskTokenSeal } from './task-token.js'

const { PollActivityTaskQueueResponse, DescribeNamespaceResponse } = proto.temporal.api.workflowservice.v1
const seal = new TaskTokenSeal([randomBytes(32)])

const task = PollActivityTaskQueueResponse.fromObject({
  taskToken: Buffer.from('temporal-own'),
  activityType: { name: 'generate-report' },
  activityId: 'attempt-1',
  input: { payloads: [{ data: randomBytes(50_000) }] },
  startToCloseTimeout: { seconds: 30, nanos: 500_000_000 },
})
test('a task keeps all but its token, which opens for its deployment until its time is over', () => {
  const answer = PollActivityTaskQueueResponse.encode(task).finish()
  vi.useFakeTimers({ now: 1_000_000 })
  const { message, token } = sealTask(answer, 'dep_a', seal)
  expect(Buffer.from(token ?? [])).toStrictEqual(task.taskToken)
  const got = PollActivityTaskQueueResponse.decode(message)
  expect({ ...got.toJSON(), taskToken: '' }).toStrictEqual({
    ...PollActivityTaskQueueResponse.decode(answer).toJSON(),
    taskToken: '',
  })
  expect(seal.open(got.taskToken, 'dep_a')).toStrictEqual(task.taskToken)
  vi.setSystemTime(1_000_000 + 30_500 + 60_000 - 1)
  expect(seal.open(got.taskToken, 'dep_a')).toBeDefined()
  vi.setSystemTime(1_000_000 + 30_500 + 60_000)
  expect(seal.open(got.taskToken, 'dep_a')).toBeUndefined()
  vi.useRealTimers()
})

test("how long a task waited is taken from its schedule-to-close time-out, by Temporal's clock", () => {
  const leftOf = (waited: object) => {
    const waiting = PollActivityTaskQueueResponse.fromObject({
      ...task.toJSON(),
      scheduleToCloseTimeout: { seconds: 3_605 },
      scheduledTime: { seconds: 1_000_000, nanos: 900_000_000 },
      ...waited,
    })
    const { message } = sealTask(PollActivityTaskQueueResponse.encode(waiting).finish(), 'dep_a', seal)
    return PollActivityTaskQueueResponse.decode(message).toJSON()['scheduleToCloseTimeout'] as unknown
  }
  expect(leftOf({ startedTime: { seconds: 1_003_001, nanos: 150_000_000 } })).toEqual({
    seconds: '604',
    nanos: 750_000_000,
  })
  expect(leftOf({ startedTime: { seconds: 1_000_000, nanos: 0 } })).toMatchObject({ seconds: '3605' })
  expect(leftOf({ startedTime: { seconds: 1_009_000, nanos: 0 } })).toEqual({ nanos: 1_000_000 })
})

test('a poll without a task has an empty answer', () => {
  const answer = PollActivityTaskQueueResponse.encode({ pollerGroupInfos: [{}] }).finish()
  expect(sealTask(answer, 'dep_a', seal)).toEqual({ message: Buffer.alloc(0), token: undefined, waitedMs: 0 })
})

test('when a silent agent counts as lost stays inside: a worker that knows it ends attempts by itself', () => {
  const known = PollActivityTaskQueueResponse.fromObject({ ...task.toJSON(), heartbeatTimeout: { seconds: 8 } })
  const answer = PollActivityTaskQueueResponse.encode(known).finish()
  const got = PollActivityTaskQueueResponse.decode(sealTask(answer, 'dep_a', seal).message)
  expect({ ...got.toJSON(), taskToken: '' }).toStrictEqual({ ...task.toJSON(), taskToken: '' })
})

test('how Temporal spreads polls stays inside', () => {
  const answer = Buffer.concat([
    PollActivityTaskQueueResponse.encode(task).finish(),
    PollActivityTaskQueueResponse.encode({ pollerGroupInfos: [{}] }).finish(),
  ])
  const got = PollActivityTaskQueueResponse.decode(sealTask(answer, 'dep_a', seal).message)
  expect(got.pollerGroupInfos).toStrictEqual([])
})

test('of the namespace, a worker hears what it needs and nothing else', () => {
  const described = DescribeNamespaceResponse.fromObject({
    namespaceInfo: {
      name: 'default',
      id: 'secret-id',
      state: 1,
      description: 'secret',
      ownerEmail: 'owner@vendor.example',
      data: { team: 'secret' },
      limits: { blobSizeLimitError: 2_097_152 },
      capabilities: {
        workerHeartbeats: true,
        workerCommands: true,
        workerPollCompleteOnShutdown: true,
        pollerAutoscaling: true,
        standaloneActivities: true,
      },
    },
    config: { workflowExecutionRetentionTtl: { seconds: 86_400 } },
    replicationConfig: { activeClusterName: 'active' },
    isGlobalNamespace: true,
  })
  const answer = DescribeNamespaceResponse.encode(described).finish()
  expect(DescribeNamespaceResponse.decode(describeNamespace(answer)).toJSON()).toStrictEqual({
    namespaceInfo: {
      name: 'default',
      state: 'NAMESPACE_STATE_REGISTERED',
      limits: { blobSizeLimitError: '2097152' },
      capabilities: {
        workerHeartbeats: true,
        pollerAutoscaling: true,
      },
    },
  })
})
