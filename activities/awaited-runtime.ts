/**
 * Heartbeats of a push whose answer is waited for: its connection stands for a runtime that says nothing, for it starts up,
 * or its handler holds the event loop.
 *
 * What the runtime itself heartbeats is of the same activity, and has the handler's checkpoint. So this looks first, is
 * silent while the runtime is not, and says again what was said last. Not by the activity's own context, whose heartbeats
 * are sent seconds later.
 */
import type { Client } from '@temporalio/client'
import { defaultPayloadConverter, RawValue } from '@temporalio/common'
import type { temporal } from '@temporalio/proto'
import { isPlainObject, type JsonValue } from '../protocol/json.js'

/** Two looks without a heartbeat in between are a third less than the time-out. */
const LOOKS_A_TIMEOUT = 3

export interface WaitingActivity {
  readonly workflowId: string
  readonly runId: string
  readonly activityId: string
  readonly heartbeatTimeoutMs: number
}

export class AwaitedRuntime implements Disposable {
  readonly #client: Client
  readonly #activity: WaitingActivity
  readonly #timer: NodeJS.Timeout
  #lastSeen: string | undefined

  constructor(client: Client, activity: WaitingActivity) {
    this.#client = client
    this.#activity = activity
    // One that fails is made up for by the next.
    this.#timer = setInterval(
      () => void this.#beat().catch(() => undefined),
      activity.heartbeatTimeoutMs / LOOKS_A_TIMEOUT,
    )
  }

  /** The newest that the runtime heartbeated; `undefined` when there is none, or Temporal cannot be asked. */
  async checkpoint(): Promise<JsonValue | undefined> {
    const pending = await this.#look().catch(() => undefined)
    const payload = pending?.heartbeatDetails?.payloads?.[0]
    const details = payload ? defaultPayloadConverter.fromPayload<unknown>(payload) : undefined
    return isPlainObject(details) ? (details['checkpoint'] as JsonValue | undefined) : undefined
  }

  [Symbol.dispose](): void {
    clearInterval(this.#timer)
  }

  async #beat(): Promise<void> {
    const pending = await this.#look()
    const seen = JSON.stringify(pending?.lastHeartbeatTime ?? null)
    const isSilent = seen === this.#lastSeen
    this.#lastSeen = seen
    if (pending === undefined || !isSilent) return
    const payload = pending.heartbeatDetails?.payloads?.[0]
    await this.#client.activity.heartbeat(this.#activity, payload ? RawValue.fromPayload(payload) : {})
  }

  async #look(): Promise<temporal.api.workflow.v1.IPendingActivityInfo | undefined> {
    const { workflowId, runId, activityId } = this.#activity
    const { raw } = await this.#client.workflow.getHandle(workflowId, runId).describe()
    return raw.pendingActivities?.find((pending) => pending.activityId === activityId)
  }
}
