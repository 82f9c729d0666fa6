/** One invocation, to wait for and to look at. */
import type { CancelAnswer, CancelVerdict } from '../protocol/cancel.js'
import { CommandError } from '../protocol/errors.js'
import type { InvocationEvent, ProgressEvent } from '../protocol/events.js'
import { isFinal, type Invocation, type InvocationStatus } from '../protocol/invocation.js'
import { MAX_WAIT_MS } from '../protocol/limits.js'
import { followEvents } from './follow.js'
import { OUTLAST_OUTAGE_MS, requestJson, type Endpoint } from './request.js'

interface WaitOptions {
  /** Stops the waiting, and throws the signal's reason. The invocation itself goes on. */
  readonly signal?: AbortSignal | undefined
}

interface CancelOptions extends WaitOptions {
  /** Why, for whoever looks at the invocation later; at most 1,000 characters. */
  readonly reason?: string | undefined
}

export class InvocationHandle<Result = unknown> {
  readonly id: string
  readonly #endpoint: Endpoint
  /** The newest state this handle has seen; a final one is kept for good. */
  #latest: Invocation | undefined

  constructor(id: string, endpoint: Endpoint, latest?: Invocation) {
    this.id = id
    this.#endpoint = endpoint
    this.#latest = latest
  }

  /**
   * The command's result, waited for as long as it takes.
   *
   * @throws {CommandError} with the code of the outcome when there is none
   */
  async result({ signal }: WaitOptions = {}): Promise<Result> {
    while (!this.#latest || !isFinal(this.#latest)) this.#latest = await this.#read(MAX_WAIT_MS, signal)
    const { status, result, error } = this.#latest
    if (status === 'succeeded') return (result ?? null) as Result
    throw error ? CommandError.fromBody(error) : new CommandError('internal', `invocation ${this.id} ended ${status}`)
  }

  async status(): Promise<InvocationStatus> {
    return (await this.describe()).status
  }

  /**
   * Asks its handler to stop, and waits for what comes of it: at most a second when its agent is silent, else until the
   * handler has stopped or its time to clean up (30 s) is over. One that has ended is left as it is.
   *
   * @throws {CommandError} `invocation_not_found`, `permission_denied`, `unavailable`
   */
  async cancel({ reason, signal }: CancelOptions = {}): Promise<CancelVerdict> {
    const endpoint = { ...this.#endpoint, giveUpAfterMs: OUTLAST_OUTAGE_MS, signal }
    for (;;) {
      const { verdict, invocation } = await requestJson<CancelAnswer>(endpoint, {
        method: 'POST',
        path: `/v1/invocations/${encodeURIComponent(this.id)}/cancel`,
        body: { reason, wait: MAX_WAIT_MS },
        holdMs: MAX_WAIT_MS,
      })
      this.#latest = invocation
      if (verdict !== undefined) return verdict
    }
  }

  /** The invocation as it is now. */
  describe(): Promise<Invocation> {
    return this.#read(0, undefined)
  }

  /**
   * What happens to it, from the first that is still known to its end: progress, log lines, how many of them were
   * dropped, status, and last `ended` with the outcome. Goes on by itself when the connection breaks.
   *
   * @throws {CommandError} `invocation_not_found`, …, or `unavailable` when the control plane stays away
   */
  events({ signal }: WaitOptions = {}): AsyncGenerator<InvocationEvent, void> {
    return followEvents({ ...this.#endpoint, signal }, this.id)
  }

  /** The handler's reports of progress as they come, the latest only of those that come at once; ends with it. */
  async *progress(options: WaitOptions = {}): AsyncGenerator<ProgressEvent, void> {
    for await (const event of this.events(options)) if (event.type === 'progress') yield event
  }

  #read(waitMs: number, signal: AbortSignal | undefined): Promise<Invocation> {
    const endpoint = waitMs === 0 ? this.#endpoint : { ...this.#endpoint, giveUpAfterMs: OUTLAST_OUTAGE_MS, signal }
    return requestJson<Invocation>(endpoint, {
      method: 'GET',
      path: `/v1/invocations/${encodeURIComponent(this.id)}`,
      query: { wait: waitMs === 0 ? undefined : waitMs },
      holdMs: waitMs,
    })
  }
}
