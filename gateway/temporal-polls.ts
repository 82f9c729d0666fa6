/**
 * Polls held at Temporal, and how they are ended from here.
 *
 * Who cancels a call to Temporal may lose what is on its way: a task that was matched in that moment is taken, and
 * nobody has it. So Temporal is asked to end the poll, which then answers as it always does, with a task or without.
 * It does so by the key of a worker, for good; each poll has a key of its own.
 */
import proto from '@temporalio/proto'
import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { identityOf, type Agent } from './agent.js'
import type { Upstream } from './upstream.js'
import { wireField } from './wire.js'

const { DescribeNamespaceRequest, DescribeNamespaceResponse, ShutdownWorkerRequest } =
  proto.temporal.api.workflowservice.v1
const { TASK_QUEUE_TYPE_ACTIVITY } = proto.temporal.api.enums.v1.TaskQueueType

/** `worker_instance_key` of `PollActivityTaskQueueRequest`. */
const WORKER_INSTANCE_KEY = 8

/** How long Temporal may take to end a poll before the call is canceled after all. */
const END_WITHIN_MS = 2_000

export interface HeldPoll {
  readonly agent: Agent
  readonly taskQueue: string
  /** ms since 1970 */
  readonly deadlineMs: number
  /** Ends it. */
  readonly signal: AbortSignal
}

export class TemporalPolls {
  readonly #upstream: Upstream
  readonly #namespace: string
  #canEnd: Promise<boolean> | undefined

  constructor(upstream: Upstream, namespace: string) {
    this.#upstream = upstream
    this.#namespace = namespace
  }

  /**
   * What Temporal answers, after the end as well.
   *
   * @param request a `PollActivityTaskQueueRequest` without the worker's key
   * @throws {Refusal}
   */
  async hold(request: Uint8Array, poll: HeldPoll): Promise<Uint8Array> {
    const { deadlineMs, signal } = poll
    const key = randomUUID()
    const cancel = new AbortController()
    const keyed = Buffer.concat([request, wireField(WORKER_INSTANCE_KEY, key)])
    const answer = this.#upstream.call('PollActivityTaskQueue', keyed, { deadlineMs, signal: cancel.signal })
    const onEnd = (): void => void this.#end(poll, key, answer).finally(() => cancel.abort())
    if (signal.aborted) onEnd()
    else signal.addEventListener('abort', onEnd, { once: true })
    try {
      return await answer
    } finally {
      signal.removeEventListener('abort', onEnd)
    }
  }

  /** Resolves when the poll is answered, or nothing more can be done for it. */
  async #end({ agent, taskQueue }: HeldPoll, key: string, answer: Promise<unknown>): Promise<void> {
    const deadlineMs = Date.now() + END_WITHIN_MS
    try {
      if (!(await this.#knowsHowToEnd(deadlineMs))) return
      const request = ShutdownWorkerRequest.encode({
        namespace: this.#namespace,
        identity: identityOf(agent),
        workerInstanceKey: key,
        taskQueue,
        taskQueueTypes: [TASK_QUEUE_TYPE_ACTIVITY],
      }).finish()
      await this.#upstream.call('ShutdownWorker', request, { deadlineMs })
      await Promise.race([answer, delay(deadlineMs - Date.now(), undefined, { ref: false })])
    } catch {
      // Of the poll, which is told to whoever waits for it; or Temporal does not answer, and the call is canceled.
    }
  }

  /** Temporal's setting `frontend.enableCancelWorkerPollsOnShutdown`, which is off by default. */
  #knowsHowToEnd(deadlineMs: number): Promise<boolean> {
    this.#canEnd ??= this.#askWhetherItCanEnd(deadlineMs).catch((error: unknown) => {
      this.#canEnd = undefined
      throw error
    })
    return this.#canEnd
  }

  async #askWhetherItCanEnd(deadlineMs: number): Promise<boolean> {
    const request = DescribeNamespaceRequest.encode({ namespace: this.#namespace }).finish()
    const answer = await this.#upstream.call('DescribeNamespace', request, { deadlineMs })
    const { namespaceInfo } = DescribeNamespaceResponse.decode(answer)
    return namespaceInfo?.capabilities?.workerPollCompleteOnShutdown === true
  }
}
