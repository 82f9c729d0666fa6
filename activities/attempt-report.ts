/**
 * What a handler reports while it runs. Progress and checkpoint travel with the attempt's heartbeats, so that Temporal
 * shows the one and hands the other to the next attempt; progress goes to whoever follows the invocation as well.
 */
import type { RawValue } from '@temporalio/common'
import { setImmediate as nextTurn } from 'node:timers/promises'
import type { ProgressReport } from '../protocol/events.js'
import type { JsonValue } from '../protocol/json.js'
import type { AttemptEvents } from './attempt-events.js'
import { checkpointText } from './checkpoint-text.js'
import { jsonPayload } from './json-payload.js'
import { progressOf } from './progress-of.js'

/** Often enough that a cancel is seen within a second; Temporal's worker merges heartbeats that are closer. */
const HEARTBEAT_INTERVAL_MS = 500
/** A checkpoint is on its way at once; of those that follow closely, the latest. */
const CHECKPOINT_GAP_MS = 100
/** A handler that reports without pause would keep the agent from doing anything else. */
const YIELD_AFTER_MS = 20

export class AttemptReport implements Disposable {
  readonly #command: string
  readonly #heartbeat: (details?: RawValue) => void
  readonly #events: AttemptEvents
  readonly #interval: NodeJS.Timeout
  #soon: NodeJS.Timeout | undefined
  #heartbeatAtMs = -Infinity
  #yieldAtMs = performance.now() + YIELD_AFTER_MS
  #progress: ProgressReport | undefined
  #checkpoint: string | undefined

  constructor(command: string, heartbeat: (details?: RawValue) => void, events: AttemptEvents) {
    this.#command = command
    this.#heartbeat = heartbeat
    this.#events = events
    this.#interval = setInterval(() => this.#send(), HEARTBEAT_INTERVAL_MS)
  }

  /** The newest of this attempt. */
  get lastCheckpoint(): JsonValue | undefined {
    return this.#checkpoint === undefined ? undefined : (JSON.parse(this.#checkpoint) as JsonValue)
  }

  readonly progress = async (report: ProgressReport): Promise<void> => {
    this.#progress = progressOf(this.#command, report)
    this.#events.progress(this.#progress)
    await this.#letOthersRun()
  }

  readonly checkpoint = async (value: unknown): Promise<void> => {
    this.#checkpoint = checkpointText(this.#command, value)
    const waitMs = this.#heartbeatAtMs + CHECKPOINT_GAP_MS - performance.now()
    if (waitMs <= 0) this.#send()
    else this.#soon ??= setTimeout(() => this.#send(), waitMs)
    await this.#letOthersRun()
  };

  [Symbol.dispose](): void {
    clearInterval(this.#interval)
    clearTimeout(this.#soon)
  }

  /** Every heartbeat has all of it: Temporal keeps the details of the last one only. */
  #send(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
    this.#heartbeatAtMs = performance.now()
    const parts = [
      ...(this.#progress === undefined ? [] : [`"progress":${JSON.stringify(this.#progress)}`]),
      ...(this.#checkpoint === undefined ? [] : [`"checkpoint":${this.#checkpoint}`]),
    ]
    if (parts.length === 0) this.#heartbeat()
    else this.#heartbeat(jsonPayload(`{${parts.join()}}`))
  }

  async #letOthersRun(): Promise<void> {
    if (performance.now() < this.#yieldAtMs) return
    await nextTurn()
    this.#yieldAtMs = performance.now() + YIELD_AFTER_MS
  }
}
