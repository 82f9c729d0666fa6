/** Reports that are in order at the door, and meant for whoever reads the history later: the vendor's own worker. */
import proto from '@temporalio/proto'
import { Breach, type Arena, type Attack } from '../attack.js'
import { NAMESPACE } from '../battlefield.js'
import { bytesField, groups, nested, varintField } from '../protobuf-tricks.js'
import { takeRawTask } from '../raw-task.js'

const { Failure } = proto.temporal.api.failure.v1
const { Payloads } = proto.temporal.api.common.v1

const attack = (name: string, poisons: () => readonly Poison[]): Attack => ({
  name,
  without: "would end the vendor's worker, or hold up every other command",
  run: (arena) => swallowAll(arena, poisons()),
  mayReach: 'vendor',
  speaksGrpc: false,
})

interface Poison {
  readonly method: 'RespondActivityTaskCompleted' | 'RespondActivityTaskFailed' | 'RespondActivityTaskCanceled'
  /** Fields beside token and namespace. */
  readonly fields: readonly Uint8Array[]
}

async function swallowAll(arena: Arena, poisons: readonly Poison[]): Promise<string> {
  const ends: string[] = []
  for (const poison of poisons) ends.push(await swallow(arena, poison))
  return ends.join(', ')
}

const ENDS_WITHIN_MS = 20_000

/** An invocation of the attacker's own comes to something; everybody else's go on. */
async function swallow(arena: Arena, { method, fields }: Poison): Promise<string> {
  const task = await takeRawTask(arena, arena.evil)
  try {
    const request = Buffer.concat([bytesField(1, task.sealed), ...fields, bytesField(4, NAMESPACE)])
    const { code } = await arena.hostile.call({ method, request })
    const end = code === 'OK' ? await endOf(arena, task.invocationId) : code
    const { commands } = arena.acme
    const result = await commands.invoke('echo', { value: end }, { timeoutMs: ENDS_WITHIN_MS })
    if (result !== end) throw new Breach(`acme-corp answered ${JSON.stringify(result)}`)
    return end
  } finally {
    task.abandon()
    const handle = arena.temporal.workflow.getHandle(task.invocationId)
    await handle.terminate('the attack is over').catch(() => undefined)
  }
}

const { EventType, TimeoutType, RetryState, ApplicationErrorCategory } = proto.temporal.api.enums.v1

/** That it ended, or is delivered again. @throws {Breach} when the vendor worker cannot go on with it */
async function endOf({ temporal }: Arena, invocationId: string): Promise<string> {
  const handle = temporal.workflow.getHandle(invocationId)
  for (const endMs = Date.now() + ENDS_WITHIN_MS; Date.now() < endMs;) {
    const { status } = await handle.describe()
    if (status.name !== 'RUNNING') return status.name.toLowerCase()
    const { events } = await handle.fetchHistory()
    const count = (type: proto.temporal.api.enums.v1.EventType) =>
      events?.filter(({ eventType }) => eventType === type).length ?? 0
    if (count(EventType.EVENT_TYPE_WORKFLOW_TASK_FAILED) > 0) {
      const reason = events?.find(({ workflowTaskFailedEventAttributes: attributes }) => attributes)
      const { failure } = reason?.workflowTaskFailedEventAttributes ?? {}
      throw new Breach(`the vendor worker cannot go on with the workflow: ${failure?.message ?? 'no reason given'}`)
    }
    if (count(EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED) > 1) return 'delivered again'
  }
  throw new Breach('the workflow hangs')
}

const failed = (failure: Uint8Array): Poison => ({
  method: 'RespondActivityTaskFailed',
  fields: [bytesField(2, failure)],
})
const completed = (payloads: Uint8Array): Poison => ({
  method: 'RespondActivityTaskCompleted',
  fields: [bytesField(2, payloads)],
})

/** Field of `Failure` that holds its cause. */
const CAUSE = 4
/** Field of `Payloads` that holds each. */
const PAYLOAD = 1

const failure = (fields: Parameters<typeof Failure.create>[0]): Poison =>
  failed(Failure.encode(Failure.create(fields)).finish())
const payload = (encoding: string, data: string | Uint8Array): Poison =>
  completed(
    Payloads.encode({
      payloads: [{ metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(data) }],
    }).finish(),
  )

const json = (value: unknown) => ({
  payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from(JSON.stringify(value)) }],
})
const handlerFailed = (details: unknown): Poison =>
  failure({ message: 'x', applicationFailureInfo: { type: 'command_failed', details: json(details) } })
const NO_PRIMITIVE = { toString: 1, valueOf: 1 }

const manyBraces = 200_000

export const POISON_ATTACKS: readonly Attack[] = [
  attack('fail with a chain of 10,000 causes', () => [
    ...[10_000, 99, 41, 38, 20].map((levels) =>
      // Temporal takes no failure without its kind.
      failed(Buffer.concat([bytesField(1, 'x'), bytesField(5, bytesField(1, 'x')), nested(CAUSE, levels)])),
    ),
  ]),
  attack('fail in ways that mean something to the workflow', () => [
    failure({ message: 'x', applicationFailureInfo: { type: 'agent_stopping', nonRetryable: true } }),
    failure({ message: 'x', applicationFailureInfo: { type: 'task_not_delivered', nonRetryable: true } }),
    failure({ message: 'x', timeoutFailureInfo: { timeoutType: TimeoutType.TIMEOUT_TYPE_SCHEDULE_TO_START } }),
    failure({ message: 'x', canceledFailureInfo: {} }),
    failure({ message: 'x', terminatedFailureInfo: {} }),
    failure({ message: 'x', serverFailureInfo: { nonRetryable: true } }),
    failure({ message: 'x', activityFailureInfo: { activityId: '1', retryState: RetryState.RETRY_STATE_TIMEOUT } }),
    failure({ message: 'x', childWorkflowExecutionFailureInfo: { namespace: 'other' } }),
    failure({ message: 'x', nexusOperationExecutionFailureInfo: { endpoint: 'x' } }),
    failure({}),
  ]),
  attack('fail with details that only look like an error', () => [
    handlerFailed(null),
    handlerFailed([NO_PRIMITIVE]),
    handlerFailed({ retryable: true, retryAfterMs: NO_PRIMITIVE, code: NO_PRIMITIVE, name: NO_PRIMITIVE }),
  ]),
  attack('fail with what does not decode', () => [
    failure({
      message: 'x',
      encodedAttributes: { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{') },
    }),
    failure({
      message: 'x',
      encodedAttributes: { metadata: { encoding: Buffer.from('evil/none') }, data: Buffer.from('x') },
    }),
    failure({
      message: 'x',
      applicationFailureInfo: {
        type: 'command_failed',
        nonRetryable: true,
        details: { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('[') }] },
      },
    }),
    failure({ message: 'x', applicationFailureInfo: { type: 'x'.repeat(100_000) } }),
    failure({
      message: 'x',
      applicationFailureInfo: {
        type: '__proto__',
        category: ApplicationErrorCategory.APPLICATION_ERROR_CATEGORY_BENIGN,
      },
    }),
    failed(bytesField(1, Buffer.of(0xff, 0xfe))),
  ]),
  attack('complete with payloads of groups and unknown fields', () => [
    completed(bytesField(PAYLOAD, groups(7, 1_000))),
    completed(bytesField(PAYLOAD, groups(7, 100_000))),
    completed(Buffer.concat([bytesField(PAYLOAD, bytesField(99, 'x')), varintField(77, 1)])),
    completed(bytesField(PAYLOAD, bytesField(1, Buffer.concat([bytesField(1, 'a'), groups(3, 500)])))),
    completed(bytesField(PAYLOAD, bytesField(1, nested(9, 5_000)))),
    completed(bytesField(PAYLOAD, nested(4, 5_000))),
  ]),
  attack('complete with payloads that do not decode', () => [
    payload('json/plain', '{'),
    payload('json/plain', `${'['.repeat(manyBraces)}${']'.repeat(manyBraces)}`),
    payload('json/plain', '{"__proto__": {"polluted": true}}'),
    payload('json/protobuf', '{}'),
    payload('binary/encrypted', 'x'),
    payload('', ''),
    payload('binary/null', 'x'),
    completed(Payloads.encode({ payloads: Array.from({ length: 20_000 }, () => ({})) }).finish()),
    completed(new Uint8Array()),
  ]),
]
