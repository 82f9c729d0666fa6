/** The gateway of a real stack, seen by agents that speak gRPC by hand. */
import { Client as GrpcClient, compressionAlgorithms, credentials, Metadata, status } from '@grpc/grpc-js'
import { Client as TemporalClient, Connection } from '@temporalio/client'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import proto from '@temporalio/proto'
import { afterAll, afterEach, beforeAll, describe, expect, onTestFinished, test, vi } from 'vitest'
import { setTimeout as delay } from 'node:timers/promises'
import { callGateway } from '../doctor/ask.js'
import { Road } from '../doctor/road.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { callApi } from './support/http.js'
import { eventually } from './support/eventually.js'
import { startDeafPoll } from './support/deaf-poll.js'
import { encoded, everyMethod, RawAgent, refusalOf, WORKFLOW_SERVICE } from './support/raw-agent.js'

const { TaskQueueKind, TaskQueueType } = proto.temporal.api.enums.v1

let stack: TestStack
let connection: Connection
let temporal: TemporalClient
/** A deployment without an agent of ours: what is invoked there is for the hands of the test. */
let own: { id: string; agentToken: string }
let other: { id: string; agentToken: string }
const agents: RawAgent[] = []

const api = (method: string, path: string, body?: unknown) =>
  callApi(stack.state, stack.state.token, method, path, body)

const newAgent = (token: string | undefined = own.agentToken): RawAgent => {
  const agent = new RawAgent(stack.state.url, token)
  agents.push(agent)
  return agent
}

async function newDeployment(name: string): Promise<{ id: string; agentToken: string }> {
  const { body } = await api('POST', '/v1/deployments', { name })
  const deployment = body as { id: string; agentToken: string }
  await callApi(stack.state, deployment.agentToken, 'POST', '/v1/agent/session', {
    commands: [
      { name: 'by-hand', policy: {} },
      { name: 'once', policy: { atMostOnce: true } },
    ],
  })
  return deployment
}

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
  connection = await Connection.connect({ address: stack.state.temporalAddress })
  temporal = new TemporalClient({ connection })
  own = await newDeployment('by-hand')
  other = await newDeployment('others')
})

afterEach(() => {
  for (const agent of agents.splice(0)) agent.close()
})

afterAll(async () => {
  await connection.close()
  await stack.close()
})

test('a header that cannot be read is not printed', async () => {
  const print = vi.spyOn(console, 'error')
  onTestFinished(() => print.mockRestore())
  const road = new Road(new URL(stack.state.url), { proxy: undefined })
  expect(await callGateway(road, `${own.agentToken}ä`)).toMatchObject({ status: status.UNAUTHENTICATED })
  expect(print.mock.calls).toStrictEqual([])
})

const pollRequest = (deploymentId = own.id, workerInstanceKey = 'worker') => ({
  namespace: 'default',
  taskQueue: { name: `deployment-${deploymentId}`, kind: 1 },
  workerInstanceKey,
})

/** Starts an invocation and takes it by hand. */
async function taken(agent: RawAgent, deployment = own): Promise<{ id: string; taskToken: Buffer }> {
  const polled = agent.call('PollActivityTaskQueue', pollRequest(deployment.id), 20_000)
  const { body } = await api('POST', '/v1/invocations', { deployment: deployment.id, command: 'by-hand' })
  return { id: String(body.id), taskToken: (await polled)['taskToken'] as Buffer }
}

const result = (value: unknown) => ({
  payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) }],
})

describe('an agent', () => {
  test('takes its task, tells how it does, and gives its result', async () => {
    const agent = newAgent()
    const { id, taskToken } = await taken(agent)
    const told = { namespace: 'default', taskToken }
    expect(await agent.call('RecordActivityTaskHeartbeat', told)).toMatchObject({ cancelRequested: false })
    await agent.call('RespondActivityTaskCompleted', { ...told, result: result({ rows: 3 }), identity: 'me' })
    const { body } = await api('GET', `/v1/invocations/${id}?wait=10s`)
    expect(body).toMatchObject({ status: 'succeeded', result: { rows: 3 } })
    const { events } = await temporal.workflow.getHandle(id).fetchHistory()
    const identities = events?.flatMap(
      ({ activityTaskStartedEventAttributes: started, activityTaskCompletedEventAttributes: completed }) =>
        [started?.identity, completed?.identity].filter(Boolean),
    )
    expect(identities).toHaveLength(2)
    for (const identity of identities ?? []) expect(identity).toMatch(/^agent\/by-hand\/agtid_[a-z2-7]{20}$/)
  })

  test('may compress what it sends, as the SDKs do by default', async () => {
    const { DescribeNamespaceRequest } = proto.temporal.api.workflowservice.v1
    const client = new GrpcClient(new URL(stack.state.url).host, credentials.createInsecure(), {
      'grpc.default_compression_algorithm': compressionAlgorithms.gzip,
    })
    onTestFinished(() => client.close())
    const metadata = new Metadata()
    metadata.set('authorization', `Bearer ${own.agentToken}`)
    const request = Buffer.from(DescribeNamespaceRequest.encode({ namespace: 'default' }).finish())
    const asItIs = (bytes: Buffer) => bytes
    const answer = await new Promise((resolve) => {
      const path = `/${WORKFLOW_SERVICE}/DescribeNamespace`
      client.makeUnaryRequest(path, asItIs, asItIs, request, metadata, (error) => resolve(error?.details ?? 'OK'))
    })
    expect(answer).toBe('OK')
  })

  test('hears that an attempt is over, and no more', async () => {
    const agent = newAgent()
    const { taskToken } = await taken(agent)
    const told = { namespace: 'default', taskToken, result: result(1) }
    await agent.call('RespondActivityTaskCompleted', told)
    expect(await agent.refusal('RespondActivityTaskCompleted', told)).toStrictEqual({
      code: status.NOT_FOUND,
      details: 'the attempt is over: it timed out, was canceled, or was reported before',
    })
  })

  test('cannot use the task token of another deployment, nor change one', async () => {
    const agent = newAgent()
    const { id, taskToken } = await taken(newAgent(other.agentToken), other)
    const refused = {
      code: status.PERMISSION_DENIED,
      details: 'this is not a task token of yours, or its attempt is over',
    }
    const told = { namespace: 'default', taskToken }
    expect(await agent.refusal('RespondActivityTaskCompleted', told)).toStrictEqual(refused)
    expect(await agent.refusal('RespondActivityTaskFailed', told)).toStrictEqual(refused)
    expect(await agent.refusal('RespondActivityTaskCanceled', told)).toStrictEqual(refused)
    expect(await agent.refusal('RecordActivityTaskHeartbeat', told)).toStrictEqual(refused)
    expect((await api('GET', `/v1/invocations/${id}`)).body).toMatchObject({ status: 'running', attempt: 1 })
  })

  test.each([
    ['none', undefined],
    ['one nobody issued', 'agt_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA'],
    ['an API key', 'the key'],
  ])('with a token that is %s is not let in', async (_what, token) => {
    const agent = new RawAgent(stack.state.url, token === 'the key' ? stack.state.token : token)
    agents.push(agent)
    const refused = { code: status.UNAUTHENTICATED, details: 'the agent token is not valid' }
    expect(await agent.refusal('GetSystemInfo', {})).toStrictEqual(refused)
    expect(await agent.refusal('PollActivityTaskQueue', pollRequest())).toStrictEqual(refused)
    expect(await refusalOf(agent.send('/grpc.health.v1.Health/Check', Buffer.alloc(0)).answer)).toStrictEqual(refused)
  })
})

test('what an agent is denied is in the audit, and no flood of it', async () => {
  const denied = await newDeployment('denied')
  const agent = newAgent(denied.agentToken)
  for (let time = 0; time < 20; time += 1) await agent.refusal('PollActivityTaskQueue', pollRequest(other.id))
  await agent.refusal('StartWorkflowExecution', { namespace: 'default' })
  const { body } = await api('GET', '/v1/audit?deployment=denied&action=gateway.call')
  const facts = {
    actor: { kind: 'agent-token', id: expect.stringMatching(/^agtid_/) as string, deploymentId: denied.id },
    address: '127.0.0.1',
    deploymentId: denied.id,
    outcome: 'denied',
    status: status.PERMISSION_DENIED,
    code: 'permission_denied',
    requestId: '',
    calls: 1,
  }
  expect(body.records).toMatchObject([
    { ...facts, method: 'StartWorkflowExecution' },
    { ...facts, method: 'PollActivityTaskQueue' },
  ])
})

test('an agent is told what it may do', async () => {
  const { body } = await callApi(stack.state, own.agentToken, 'POST', '/v1/agent/session', {
    commands: [{ name: 'by-hand', policy: {} }],
  })
  expect(body).toStrictEqual({
    deployment: { id: own.id, name: 'by-hand' },
    taskQueue: `deployment-${own.id}`,
    namespace: 'default',
    limits: { polls: 20, maxResultBytes: MAX_PAYLOAD_BYTES },
  })
})

const OPEN = [
  'GetSystemInfo',
  'DescribeNamespace',
  'PollActivityTaskQueue',
  'RespondActivityTaskCompleted',
  'RespondActivityTaskFailed',
  'RespondActivityTaskCanceled',
  'RecordActivityTaskHeartbeat',
  'RecordWorkerHeartbeat',
  'ShutdownWorker',
].map((name) => `/${WORKFLOW_SERVICE}/${name}`)

test('of all methods there are, an agent has nine', async () => {
  const agent = newAgent()
  const paths = [
    ...everyMethod(),
    '/temporal.server.api.adminservice.v1.AdminService/DescribeMutableState',
    '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    '/nobody.Knows/This',
    '/toString',
    '/__proto__',
    '//',
  ]
  expect(paths.length).toBeGreaterThan(220)
  const through: string[] = []
  for (const path of paths) {
    const refusal = await refusalOf(agent.send(path, Buffer.from([0xff])).answer)
    if (refusal !== 'let through' && refusal.code === status.PERMISSION_DENIED) {
      expect(refusal.details).toBe('this method is not for agents')
    } else {
      through.push(path)
    }
  }
  expect(through.sort()).toStrictEqual([...OPEN].sort())
})

describe('a poll', () => {
  const taskQueue = (name: string) =>
    temporal.workflowService.describeTaskQueue({
      namespace: 'default',
      taskQueue: { name, kind: TaskQueueKind.TASK_QUEUE_KIND_NORMAL },
      taskQueueType: TaskQueueType.TASK_QUEUE_TYPE_ACTIVITY,
    })

  test('that is canceled takes nothing with it', async () => {
    const agent = newAgent()
    for (let round = 0; round < 5; round += 1) {
      const { answer, cancel } = agent.send(
        `/${WORKFLOW_SERVICE}/PollActivityTaskQueue`,
        encoded('PollActivityTaskQueue', pollRequest()),
      )
      const canceled = refusalOf(answer)
      await eventually('Temporal has the poll', async () => {
        const { pollers } = await taskQueue(`deployment-${own.id}`)
        return pollers.length > 0 ? true : undefined
      })
      cancel()
      await canceled
      const { id, taskToken } = await taken(agent)
      await agent.call('RespondActivityTaskCompleted', { namespace: 'default', taskToken, result: result(round) })
      const { body } = await api('GET', `/v1/invocations/${id}?wait=10s`)
      expect(body).toMatchObject({ status: 'succeeded', result: round })
      const { events } = await temporal.workflow.getHandle(id).fetchHistory()
      const scheduled = events?.filter((event) => event.activityTaskScheduledEventAttributes)
      expect(scheduled).toHaveLength(1)
    }
  })

  test('of a worker that says farewell in the very moment its task comes loses none', async () => {
    const { id, agentToken } = await newDeployment('restless')
    const agent = newAgent(agentToken)
    const farewell = { namespace: 'default', taskQueue: `deployment-${id}`, workerInstanceKey: 'worker' }
    const invocations: string[] = []
    for (let round = 0; round < 40; round += 1) {
      const polled = agent.call('PollActivityTaskQueue', pollRequest(id))
      const { body } = await api('POST', '/v1/invocations', { deployment: id, command: 'once' })
      invocations.push(String(body.id))
      // Sometimes before Temporal gives the task, sometimes after, mostly while it does.
      await delay(round / 2)
      await agent.call('ShutdownWorker', farewell)
      await complete(agent, await polled)
    }
    while ((await unfinished(invocations)) > 0) {
      await complete(agent, await agent.call('PollActivityTaskQueue', pollRequest(id), 4_000))
    }
    for (const each of invocations) {
      const { events } = await temporal.workflow.getHandle(each).fetchHistory()
      expect(events?.filter(({ activityTaskScheduledEventAttributes: scheduled }) => scheduled)).toHaveLength(1)
    }
  }, 60_000)

  async function complete(agent: RawAgent, { taskToken }: Record<string, unknown>): Promise<void> {
    if ((taskToken as Buffer).length === 0) return
    await agent.call('RespondActivityTaskCompleted', { namespace: 'default', taskToken, result: result(1) })
  }

  async function unfinished(ids: readonly string[]): Promise<number> {
    const answers = await Promise.all(ids.map((each) => api('GET', `/v1/invocations/${each}`)))
    return answers.filter(({ body }) => body['status'] !== 'succeeded').length
  }

  test('whose agent is gone when its task comes gives it back at once, and it counts as not delivered', async () => {
    const { id, agentToken } = await newDeployment('deaf')
    const drop = startDeafPoll(stack.state.url, agentToken, `deployment-${id}`)
    const call = { deployment: id, command: 'once', heartbeatTimeout: '1m' }
    const { body } = await api('POST', '/v1/invocations', call)
    const handle = temporal.workflow.getHandle(String(body.id))
    await eventually('Temporal has given the task', async () => {
      const { raw } = await handle.describe()
      return raw.pendingActivities?.some(({ lastStartedTime }) => lastStartedTime) ? true : undefined
    })
    const droppedMs = performance.now()
    drop()
    const agent = newAgent(agentToken)
    const { taskToken } = await agent.call('PollActivityTaskQueue', pollRequest(id), 20_000)
    // A minute of silence would tell it otherwise, and not that nothing ran.
    expect(performance.now() - droppedMs).toBeLessThan(20_000)
    await agent.call('RespondActivityTaskCompleted', { namespace: 'default', taskToken, result: result(1) })
    expect((await api('GET', `/v1/invocations/${body.id}?wait=10s`)).body).toMatchObject({ status: 'succeeded' })
    const { events } = await handle.fetchHistory()
    const failures = events?.flatMap(({ activityTaskFailedEventAttributes: failed }) => failed?.failure ?? [])
    expect(failures).toMatchObject([
      {
        message: 'the agent that asked for work was gone when it came',
        applicationFailureInfo: { type: 'task_not_delivered' },
      },
    ])
  })

  test('over the limit is refused, and one less is taken again', async () => {
    const agent = newAgent()
    const polls = Array.from({ length: 20 }, () =>
      agent.send(
        `/${WORKFLOW_SERVICE}/PollActivityTaskQueue`,
        encoded('PollActivityTaskQueue', pollRequest(own.id, 'a')),
      ),
    )
    const ended = polls.map(({ answer }) => refusalOf(answer))
    const tooMany = { code: status.RESOURCE_EXHAUSTED, details: 'this agent may hold 20 polls at once' }
    await eventually('the limit is reached', async () => {
      const refusal = await refusalOf(agent.call('PollActivityTaskQueue', pollRequest(own.id, 'a'), 300))
      return refusal !== 'let through' && refusal.code === tooMany.code ? true : undefined
    })
    expect(await agent.refusal('PollActivityTaskQueue', pollRequest(own.id, 'a'))).toStrictEqual(tooMany)
    // Another agent of the deployment is not held up by it.
    const { taskToken } = await takenBy(
      agent,
      'b',
      polls.map(({ cancel }) => cancel),
    )
    expect(taskToken.length).toBeGreaterThan(0)
    await Promise.all(ended)
  })

  async function takenBy(agent: RawAgent, key: string, cancels: (() => void)[]): Promise<{ taskToken: Buffer }> {
    for (const cancel of cancels) cancel()
    const polled = agent.call('PollActivityTaskQueue', pollRequest(own.id, key), 20_000)
    await api('POST', '/v1/invocations', { deployment: own.id, command: 'by-hand', queueTimeout: '20s' })
    return { taskToken: (await polled)['taskToken'] as Buffer }
  }

  test('ends when its token is revoked, within 5 s', async () => {
    const revoked = await newDeployment('revoked')
    const agent = newAgent(revoked.agentToken)
    const ended = refusalOf(agent.call('PollActivityTaskQueue', pollRequest(revoked.id), 60_000))
    await eventually('Temporal has the poll', async () => {
      const { pollers } = await taskQueue(`deployment-${revoked.id}`)
      return pollers.length > 0 ? true : undefined
    })
    const atMs = performance.now()
    await api('DELETE', '/v1/deployments/revoked')
    expect(await ended).toStrictEqual({ code: status.UNAUTHENTICATED, details: 'the agent token is not valid' })
    await eventually('the token is good for nothing', async () =>
      (await agent.refusal('GetSystemInfo', {})) === 'let through' ? undefined : true,
    )
    expect(performance.now() - atMs).toBeLessThan(5_000)
  })
})

test('what an agent is told of the namespace is what a worker needs', async () => {
  const { namespaceInfo } = (await newAgent().call('DescribeNamespace', { namespace: 'default' })) as {
    namespaceInfo: Record<string, unknown>
  }
  expect(namespaceInfo).toMatchObject({ name: 'default', description: '', ownerEmail: '', id: '', data: {} })
  expect(namespaceInfo['capabilities']).toMatchObject({ workerCommands: false, eagerWorkflowStart: false })
})
