/** What becomes of an agent's call once it is known who makes it: checked, sent on to Temporal, its answer made safe. */
import { status } from '@grpc/grpc-js'
import proto from '@temporalio/proto'
import { LRUCache } from 'lru-cache'
import { NO_METRICS, type Metrics } from '../observability/metrics.js'
import { MAX_FUNCTIONS } from '../protocol/limits.js'
import { TASK_NOT_DELIVERED } from '../protocol/names.js'
import type { Agent, AgentAbout } from './agent.js'
import { describeNamespace, sealTask } from './answer.js'
import { AttemptTimes } from './attempt-times.js'
import type { Authenticated } from './authenticator.js'
import type { GatewayMethod } from './methods.js'
import type { OpenPoll, OpenPolls } from './open-polls.js'
import { printable } from './printable.js'
import { ForeignQueue, Refusal, unavailable } from './refusal.js'
import { rewriteRequest } from './request.js'
import type { TaskTokenSeal } from './task-token.js'
import { TemporalPolls } from './temporal-polls.js'
import type { Upstream } from './upstream.js'
import { fieldsOf } from './wire.js'

const { PollActivityTaskQueueResponse, RespondActivityTaskFailedRequest } = proto.temporal.api.workflowservice.v1
const { TaskQueue } = proto.temporal.api.taskqueue.v1

/** Temporal holds a poll for a minute; the SDK asks for 70 s. */
const MAX_POLL_MS = 75_000
const MAX_CALL_MS = 30_000
const GIVE_BACK_MS = 10_000

/** In this time, all functions of a deployment may turn up as new. */
const RECHECK_MS = 2_000
const MAX_RECHECKED = 10_000

/** Of a poll, such as that the namespace is gone: the vendor's to mend, and to an agent it would be a reason to end. */
const VENDORS_TROUBLE: ReadonlySet<status> = new Set([
  status.NOT_FOUND,
  status.INVALID_ARGUMENT,
  status.FAILED_PRECONDITION,
])

/** Of all that report on an attempt. */
const TASK_TOKEN = 1
/** Fields of `PollActivityTaskQueueRequest`. */
const TASK_QUEUE = 2
const POLLING_WORKER = 8
/** Field of `ShutdownWorkerRequest`. */
const LEAVING_WORKER = 6

export interface CallsDeps {
  readonly upstream: Upstream
  readonly namespace: string
  readonly seal: TaskTokenSeal
  readonly polls: OpenPolls
  /** Gives what is to be called when the poll ends. */
  readonly onPoll: (agent: Agent, workerKey: string, about: AgentAbout) => () => void
  /** Of any other call. */
  readonly onHeard: (agent: Agent) => void
  /** Default: nobody counts. */
  readonly metrics?: Metrics | undefined
}

export interface IncomingCall {
  readonly method: GatewayMethod & { readonly name: string }
  readonly authenticated: Authenticated
  readonly message: Uint8Array
  readonly about: AgentAbout
  /** ms since 1970; `Infinity` when the caller gave none. */
  readonly deadlineMs: number
  /** Aborts when the caller canceled, or is gone. */
  readonly callerGone: AbortSignal
}

export interface CallAnswer {
  readonly message: Uint8Array
  /** To be called when the answer did not get to its caller. */
  readonly undelivered?: () => void
}

export class Calls {
  readonly #deps: CallsDeps
  readonly #temporalPolls: TemporalPolls
  readonly #metrics: Metrics
  readonly #times: AttemptTimes | undefined
  /** How often each token was looked at once more lately. */
  readonly #rechecked = new LRUCache<string, number>({ max: MAX_RECHECKED, ttl: RECHECK_MS, noUpdateTTL: true })

  constructor(deps: CallsDeps) {
    this.#deps = deps
    this.#metrics = deps.metrics ?? NO_METRICS
    // Tokens are kept for whoever counts, and for nobody else.
    this.#times = this.#metrics === NO_METRICS ? undefined : new AttemptTimes(this.#metrics)
    this.#temporalPolls = new TemporalPolls(deps.upstream, deps.namespace)
  }

  /** @throws {Refusal} */
  async handle(call: IncomingCall): Promise<CallAnswer> {
    const { method, deadlineMs } = call
    this.#metrics.gatewayCalls.add(1, { method: method.name })
    const { agent, request } = await this.#check(call)
    if (method.answer === 'task') return this.#poll(call, agent, request)
    if (method.name === 'ShutdownWorker') this.#deps.polls.endOf(agent, keyOf(request, LEAVING_WORKER))
    this.#deps.onHeard(agent)
    const answer = await this.#deps.upstream.call(method.name, request, {
      deadlineMs: Math.min(deadlineMs, Date.now() + MAX_CALL_MS),
    })
    this.#times?.reported(method.name, contentOf(request, TASK_TOKEN))
    return { message: method.answer === 'namespace' ? describeNamespace(answer) : answer }
  }

  /** A queue may be newer than what is known of the agent, so that is looked at once more, if not at the caller's will. */
  async #check({ method, authenticated, message }: IncomingCall): Promise<{ agent: Agent; request: Uint8Array }> {
    const { namespace, seal } = this.#deps
    const { agent, recheck } = authenticated
    try {
      return { agent, request: rewriteRequest(method, message, { agent, namespace, seal }) }
    } catch (error) {
      if (!(error instanceof ForeignQueue) || !this.#mayRecheck(agent.tokenId)) throw error
      const now = await recheck()
      if (now === undefined || now.queues.size === agent.queues.size) throw error
      return { agent: now, request: rewriteRequest(method, message, { agent: now, namespace, seal }) }
    }
  }

  #mayRecheck(tokenId: string): boolean {
    const count = this.#rechecked.get(tokenId) ?? 0
    this.#rechecked.set(tokenId, count + 1)
    return count < MAX_FUNCTIONS
  }

  async #poll(call: IncomingCall, agent: Agent, request: Uint8Array): Promise<CallAnswer> {
    const { polls, onPoll } = this.#deps
    const workerKey = keyOf(call.message, POLLING_WORKER)
    const poll = polls.open(agent, workerKey)
    const abandon = () => poll.abandon()
    call.callerGone.addEventListener('abort', abandon, { once: true })
    if (call.callerGone.aborted) abandon()
    const ended = onPoll(agent, call.about.key || workerKey, call.about)
    try {
      return await this.#pollTemporal(poll, request, Math.min(call.deadlineMs, Date.now() + MAX_POLL_MS))
    } finally {
      call.callerGone.removeEventListener('abort', abandon)
      poll.close()
      ended()
    }
  }

  async #pollTemporal(poll: OpenPoll, request: Uint8Array, deadlineMs: number): Promise<CallAnswer> {
    const { agent, signal } = poll
    const { name: taskQueue } = TaskQueue.decode(contentOf(request, TASK_QUEUE))
    let answer: Uint8Array
    try {
      answer = await this.#temporalPolls.hold(request, { agent, taskQueue, deadlineMs, signal })
    } catch (error) {
      const refusal = refusalOf(poll)
      if (refusal) throw refusal
      if (poll.endedBy) return { message: PollActivityTaskQueueResponse.encode({}).finish() }
      if (error instanceof Refusal && VENDORS_TROUBLE.has(error.code)) throw unavailable('Temporal cannot be reached')
      throw error
    }
    const { message, token, waitedMs } = sealTask(answer, agent.deployment.id, this.#deps.seal)
    const refusal = refusalOf(poll)
    if (refusal) {
      if (token) await this.#giveBack(token)
      throw refusal
    }
    if (token === undefined) return { message }
    this.#times?.given(answer, token, waitedMs)
    return { message, undelivered: () => void this.#giveBack(token) }
  }

  /** A task that nobody is there to take: told to the workflow at once, which would wait for a time-out otherwise. */
  async #giveBack(taskToken: Uint8Array): Promise<void> {
    const request = RespondActivityTaskFailedRequest.encode({
      taskToken,
      namespace: this.#deps.namespace,
      identity: 'gateway',
      failure: {
        message: 'the agent that asked for work was gone when it came',
        applicationFailureInfo: { type: TASK_NOT_DELIVERED, nonRetryable: true },
      },
    }).finish()
    // Should this fail, the attempt's heartbeat time-out says the same some seconds later.
    await this.#deps.upstream
      .call('RespondActivityTaskFailed', request, { deadlineMs: Date.now() + GIVE_BACK_MS })
      .catch(() => undefined)
  }
}

/** Why a poll is not answered. While we drain, or its worker says farewell, the agent still takes what came. */
function refusalOf({ endedBy }: OpenPoll): Refusal | undefined {
  switch (endedBy) {
    case 'revocation':
      return new Refusal(status.UNAUTHENTICATED, 'the agent token is not valid')
    case 'departure':
      return new Refusal(status.CANCELLED, 'the poll was canceled')
    default:
      return undefined
  }
}

function contentOf(message: Uint8Array, id: number): Uint8Array {
  for (const field of fieldsOf(message)) if (field.id === id && field.content) return field.content
  return new Uint8Array()
}

/** What a worker calls itself, of at most a hundred characters: it is a key here, and in the registry. */
const keyOf = (message: Uint8Array, id: number): string =>
  printable(Buffer.from(contentOf(message, id).subarray(0, 400)))
