/** One fuzzer for each method that an agent has: no request for anything of others comes out the other side. */
import fc from 'fast-check'
import { breachOf, requestType, type Rights } from '../attack/rights.js'
import { service, temporal } from '../attack/hostile-client.js'
import { identityOf, type Agent } from '../gateway/agent.js'
import { GATEWAY_METHODS } from '../gateway/methods.js'
import { Refusal } from '../gateway/refusal.js'
import { rewriteRequest } from '../gateway/request.js'
import { TaskTokenSeal } from '../gateway/task-token.js'
import type { Fuzzer } from './fuzzer.js'
import { messages, mutants } from './messages.js'

const { TASK_QUEUE_KIND_NORMAL: NORMAL, TASK_QUEUE_KIND_STICKY: STICKY } = temporal.api.enums.v1.TaskQueueKind

const NAMESPACE = 'default'
const OWN_QUEUE = 'deployment-dep_evil'
const OTHER_QUEUE = 'deployment-dep_acme'

const agent: Agent = {
  tokenId: 'agtid_evil',
  deployment: { id: 'dep_evil', name: 'evil-corp' },
  queues: new Set([OWN_QUEUE, `${OWN_QUEUE}/fn`]),
}

const seal = new TaskTokenSeal([Buffer.alloc(32, 7)])
const OWN_TASK = Buffer.from('a task of evil-corp')
const OTHER_TASK = Buffer.from('a task of acme-corp')
const FAR = Date.now() + 1e10
const ownToken = seal.seal(OWN_TASK, 'dep_evil', FAR)
const otherToken = seal.seal(OTHER_TASK, 'dep_acme', FAR)
const expiredToken = seal.seal(OTHER_TASK, 'dep_evil', Date.now() - 1)

const rights: Rights = {
  namespace: NAMESPACE,
  identity: identityOf(agent),
  queues: agent.queues,
  ownsToken: (token) => OWN_TASK.equals(token),
}

const payloads = { payloads: [{ metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"a":[1]}') }] }
const failure = {
  message: 'm',
  applicationFailureInfo: { type: 't', details: payloads },
  cause: { message: 'c', timeoutFailureInfo: { timeoutType: 1, lastHeartbeatDetails: payloads } },
}
const heartbeat = (taskQueue: string) => ({ workerInstanceKey: 'k', taskQueue, workerIdentity: 'w' })

/** Good requests, and all but good ones, as a start. */
function seeds(method: string): Uint8Array[] {
  const type = requestType(method)
  return [ownToken, otherToken].flatMap((taskToken) =>
    [OWN_QUEUE, OTHER_QUEUE].flatMap((queue) => {
      const beats = method === 'ShutdownWorker' ? heartbeat(queue) : [heartbeat(queue), heartbeat(OWN_QUEUE)]
      const message = {
        ...{ namespace: NAMESPACE, identity: 'mallory', taskToken, details: payloads, result: payloads, failure },
        ...{ lastHeartbeatDetails: payloads, workerInstanceKey: 'k', workerHeartbeat: beats, taskQueueTypes: [2] },
        taskQueue: method === 'ShutdownWorker' ? queue : { name: queue, kind: NORMAL },
      }
      const known = Object.fromEntries(Object.entries(message).filter(([name]) => type.fields[name] !== undefined))
      return [type.encode(type.create(known)).finish()]
    }),
  )
}

const text = (...words: string[]): Uint8Array[] => words.map((word) => Buffer.from(word))

const WORDS: readonly Uint8Array[] = [
  ...text(NAMESPACE, 'temporal-system', OWN_QUEUE, OTHER_QUEUE, `${OWN_QUEUE}/fn`, `${OWN_QUEUE}\0`, '', 'mallory'),
  ...text('json/plain', '{}', '[', 'agent/acme-corp/agtid_acme'),
  ...[ownToken, otherToken, expiredToken, OTHER_TASK, Buffer.of(0xff)],
  service.PollActivityTaskQueueRequest.encode({ taskQueue: { name: OTHER_QUEUE, kind: NORMAL } }).finish(),
  service.PollActivityTaskQueueRequest.encode({
    taskQueue: { name: OWN_QUEUE, kind: STICKY, normalName: OTHER_QUEUE },
  }).finish(),
]

export const REQUEST_FUZZERS: readonly Fuzzer[] = [...GATEWAY_METHODS].map(([path, method]) => ({
  name: `request-${method.name}`,
  inputs: fc.oneof(
    { weight: 5, arbitrary: mutants(seeds(method.name), WORDS) },
    { weight: 4, arbitrary: messages(WORDS) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 64 }) },
  ),
  check: (input) => {
    let request: Uint8Array
    try {
      request = rewriteRequest(method, input, { agent, namespace: NAMESPACE, seal })
    } catch (error) {
      if (error instanceof Refusal) return
      throw new Error(`crashed: ${String(error)}`)
    }
    const breach = breachOf(path, request, rights)
    if (breach !== undefined) throw new Error(`accepted: ${breach}`)
  },
}))
