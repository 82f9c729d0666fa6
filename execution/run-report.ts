/**
 * What a handler reports while it runs, by way of the attempt that is attached to its run. Progress and checkpoint travel
 * with the attempt's heartbeats, so that Temporal shows the one and hands the other to the next attempt; progress and log
 * lines go to whoever follows the invocation. While no attempt is attached, lines go the way of the last one.
 */
import { setImmediate as nextTurn } from 'node:timers/promises'
import { SecretScope } from '../bindings/vault/secret-scope.js'
import type { LogLevel, ProgressReport } from '../protocol/events.js'
import { WAITS_FOR_TURN } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import type { AttemptEvents } from './attempt-events.js'
import { checkpointText } from './checkpoint-text.js'
import { progressOf } from './progress-of.js'
import { textWithoutSecrets } from './without-secrets.js'

/** Often enough that a cancel is seen within a second; Temporal's worker merges heartbeats that are closer. */
const HEARTBEAT_INTERVAL_MS = 500
/** A checkpoint is on its way at once; of those that follow closely, the latest. */
const CHECKPOINT_GAP_MS = 100
/** A handler that reports without pause would keep the agent from doing anything else. */
const YIELD_AFTER_MS = 20

/** An attempt's ways out of the agent. */
export interface Channel {
  /** `details`: JSON text. */
  readonly heartbeat: (details?: string) => void
  readonly events: AttemptEvents
}

export class RunReport {
  readonly #command: string
  /** That of the attempt, whoever reports for it. */
  readonly #secrets = SecretScope.current()
  readonly #withoutSecrets = textWithoutSecrets()
  #heartbeat: Channel['heartbeat'] | undefined
  #events: AttemptEvents | undefined
  #isEntered = false
  #waits = false
  #soon: NodeJS.Timeout | undefined
  #heartbeatAtMs = -Infinity
  #yieldAtMs = performance.now() + YIELD_AFTER_MS
  #progress: ProgressReport | undefined
  #checkpoint: string | undefined

  /** Made in the scope of the attempt's secrets. */
  constructor(command: string) {
    this.#command = command
  }

  /** Heartbeats go out until it is disposed of. */
  attach({ heartbeat, events }: Channel): Disposable {
    this.#events?.end()
    this.#events = events
    this.#heartbeat = heartbeat
    if (this.#isEntered) events.started()
    const interval = setInterval(() => this.#send(), HEARTBEAT_INTERVAL_MS)
    return {
      [Symbol.dispose]: () => {
        clearInterval(interval)
        if (this.#heartbeat !== heartbeat) return
        clearTimeout(this.#soon)
        this.#soon = undefined
        this.#heartbeat = undefined
      },
    }
  }

  /** It waits its turn: Temporal's record of the attempt says so. */
  waits(): void {
    this.#waits = true
    this.#send()
  }

  /** The handler is about to be entered. */
  entered(): void {
    this.#isEntered = true
    this.#waits = false
    this.#events?.started()
  }

  /** The run is over. */
  end(): void {
    this.#events?.end()
  }

  /** What is told of the handler after that. */
  late(message: string): void {
    this.#events?.late(message)
  }

  readonly log = (level: LogLevel, message: string, fields?: Record<string, unknown>): void =>
    this.#events?.log(level, message, fields)

  /** The newest of this run. */
  get lastCheckpoint(): JsonValue | undefined {
    return this.#checkpoint === undefined ? undefined : (JSON.parse(this.#checkpoint) as JsonValue)
  }

  readonly progress = (report: ProgressReport): Promise<void> => mayBeIgnored(this.#report(report))

  readonly checkpoint = (value: unknown): Promise<void> => mayBeIgnored(this.#keep(value))

  async #report(report: ProgressReport): Promise<void> {
    const checked = progressOf(this.#command, report)
    const { message } = checked
    this.#progress = message === undefined ? checked : { ...checked, message: this.#withoutSecrets(message) }
    this.#events?.progress(this.#progress)
    await this.#letOthersRun()
  }

  async #keep(value: unknown): Promise<void> {
    this.#checkpoint = this.#secrets.redactor.jsonText(checkpointText(this.#command, value))
    const waitMs = this.#heartbeatAtMs + CHECKPOINT_GAP_MS - performance.now()
    if (waitMs <= 0) this.#send()
    else this.#soon ??= setTimeout(() => this.#send(), waitMs)
    await this.#letOthersRun()
  }

  /** Every heartbeat has all of it: Temporal keeps the details of the last one only. */
  #send(): void {
    clearTimeout(this.#soon)
    this.#soon = undefined
    this.#heartbeatAtMs = performance.now()
    const parts = [
      ...(this.#waits ? [`"waitsFor":"${WAITS_FOR_TURN}"`] : []),
      ...(this.#progress === undefined ? [] : [`"progress":${JSON.stringify(this.#progress)}`]),
      ...(this.#checkpoint === undefined ? [] : [`"checkpoint":${this.#checkpoint}`]),
    ]
    if (parts.length === 0) this.#heartbeat?.()
    else this.#heartbeat?.(`{${parts.join()}}`)
  }

  async #letOthersRun(): Promise<void> {
    if (performance.now() < this.#yieldAtMs) return
    await nextTurn()
    this.#yieldAtMs = performance.now() + YIELD_AFTER_MS
  }
}

/** A handler that does not wait for what it reports must not end the agent, and with it all that runs there. */
function mayBeIgnored(reported: Promise<void>): Promise<void> {
  reported.catch(() => undefined)
  return reported
}
