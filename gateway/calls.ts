/** What becomes of an agent's call once it is known who makes it: checked, sent on to Temporal, its answer made safe. */
import { status } from '@grpc/grpc-js'
import proto from '@temporalio/proto'
import { TASK_NOT_DELIVERED } from '../protocol/names.js'
import type { Agent, AgentAbout } from './agent.js'
import { describeNamespace, sealTask } from './answer.js'
import type { Authenticated } from './authenticator.js'
import type { GatewayMethod } from './methods.js'
import type { OpenPoll, OpenPolls } from './open-polls.js'
import { Refusal, unavailable } from './refusal.js'
import { rewriteRequest } from './request.js'
import type { TaskTokenSeal } from './task-token.js'
import type { Upstream } from './upstream.js'
import { fieldsOf } from './wire.js'

const { PollActivityTaskQueueResponse, RespondActivityTaskFailedRequest } = proto.temporal.api.workflowservice.v1

/** Temporal holds a poll for a minute; the SDK asks for 70 s. */
const MAX_POLL_MS = 75_000
const MAX_CALL_MS = 30_000
const GIVE_BACK_MS = 10_000

/** `worker_instance_key` of `PollActivityTaskQueueRequest`. */
const WORKER_INSTANCE_KEY = 8

export interface CallsDeps {
  readonly upstream: Upstream
  readonly namespace: string
  readonly seal: TaskTokenSeal
  readonly polls: OpenPolls
  /** Gives what is to be called when the poll ends. */
  readonly onPoll: (agent: Agent, workerKey: string, about: AgentAbout) => () => void
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

  constructor(deps: CallsDeps) {
    this.#deps = deps
  }

  /** @throws {Refusal} */
  async handle(call: IncomingCall): Promise<CallAnswer> {
    const { method, deadlineMs } = call
    const { agent, request } = await this.#check(call)
    if (method.answer === 'task') return this.#poll(call, agent, request)
    const answer = await this.#deps.upstream.call(method.name, request, {
      deadlineMs: Math.min(deadlineMs, Date.now() + MAX_CALL_MS),
    })
    return { message: method.answer === 'namespace' ? describeNamespace(answer) : answer }
  }

  /** A queue may be newer than what is known of the token, so a denial is looked at once more. */
  async #check({ method, authenticated, message }: IncomingCall): Promise<{ agent: Agent; request: Uint8Array }> {
    const { namespace, seal } = this.#deps
    const { agent, recheck } = authenticated
    try {
      return { agent, request: rewriteRequest(method, message, { agent, namespace, seal }) }
    } catch (error) {
      if (!(error instanceof Refusal) || error.code !== status.PERMISSION_DENIED) throw error
      const now = await recheck()
      if (now === undefined || now.queues.size === agent.queues.size) throw error
      return { agent: now, request: rewriteRequest(method, message, { agent: now, namespace, seal }) }
    }
  }

  async #poll(call: IncomingCall, agent: Agent, request: Uint8Array): Promise<CallAnswer> {
    const { polls, onPoll } = this.#deps
    const workerKey = textOf(request, WORKER_INSTANCE_KEY)
    const poll = polls.open(agent, workerKey)
    const abandon = () => poll.abandon()
    call.callerGone.addEventListener('abort', abandon, { once: true })
    if (call.callerGone.aborted) abandon()
    const ended = onPoll(agent, workerKey, call.about)
    try {
      return await this.#pollTemporal(poll, request, Math.min(call.deadlineMs, Date.now() + MAX_POLL_MS))
    } finally {
      call.callerGone.removeEventListener('abort', abandon)
      poll.close()
      ended()
    }
  }

  async #pollTemporal(poll: OpenPoll, request: Uint8Array, deadlineMs: number): Promise<CallAnswer> {
    const { upstream, seal } = this.#deps
    const { agent, signal } = poll
    let answer: Uint8Array
    try {
      answer = await upstream.call('PollActivityTaskQueue', request, { deadlineMs, signal })
    } catch (error) {
      if (poll.endedBy === 'drain') return { message: PollActivityTaskQueueResponse.encode({}).finish() }
      if (poll.endedBy === 'revocation') throw new Refusal(status.UNAUTHENTICATED, 'the agent token is not valid')
      // That the namespace is gone is the vendor's trouble; to an agent it would be a reason to end.
      if (error instanceof Refusal && error.code === status.NOT_FOUND) throw unavailable('Temporal cannot be reached')
      throw error
    }
    const { message, token } = sealTask(answer, agent.deployment.id, seal)
    if (token === undefined) return { message }
    if (!signal.aborted) return { message, undelivered: () => void this.#giveBack(token) }
    await this.#giveBack(token)
    throw new Refusal(status.CANCELLED, 'the poll was canceled')
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

function textOf(message: Uint8Array, id: number): string {
  for (const field of fieldsOf(message))
    if (field.id === id && field.content) return Buffer.from(field.content).toString()
  return ''
}
