/**
 * What goes to the control plane while a handler runs: that it does, its progress, its checkpoint, and what it says, once
 * a second; and what comes back: whether it shall stop.
 */
import type { AttemptEvents } from '../../execution/attempt-events.js'
import { EventBuffer } from '../../execution/event-buffer.js'
import { logLine } from '../../execution/log-line.js'
import type { Channel } from '../../execution/run-report.js'
import type { AgentEvent } from '../../protocol/agent-events.js'
import { PUSH_HEARTBEAT_INTERVAL_MS, type HeartbeatAnswer } from '../../protocol/attempt-response.js'
import type { JsonValue } from '../../protocol/json.js'
import type { ResponseRoute } from './response-route.js'

const MAX_EVENT_BYTES_PER_REQUEST = 256 * 1_024

interface Batch {
  /** Number of the first. */
  readonly first: number
  readonly events: readonly AgentEvent[]
}

export class AttemptChannel implements Channel {
  readonly #route: ResponseRoute
  readonly #attempt: number
  readonly #onAnswer: (answer: HeartbeatAnswer) => void
  readonly #buffer = new EventBuffer()
  #details: Record<string, JsonValue> = {}
  /** Was sent, and no answer came: goes again as it was, and its numbers let it be kept once. */
  #unanswered: Batch | undefined
  #next = 1
  #timer: NodeJS.Timeout | undefined
  #isBeating = false
  #isEntered = false
  /** One that says nothing and is over at once need not be shown as running. */
  #isTold = false

  constructor(route: ResponseRoute, attempt: number, onAnswer: (answer: HeartbeatAnswer) => void) {
    this.#route = route
    this.#attempt = attempt
    this.#onAnswer = onAnswer
  }

  readonly heartbeat = (details?: string): void => {
    this.#details = details === undefined ? {} : (JSON.parse(details) as Record<string, JsonValue>)
  }

  readonly events: AttemptEvents = {
    started: () => (this.#isEntered = true),
    progress: (report) =>
      this.#push({ type: 'progress', at: new Date().toISOString(), ...report }, report.message?.length),
    log: (level, message, fields) => {
      const line = logLine(level, message, fields)
      this.#push(line.event, line.bytes)
    },
    end: () => {
      if (this.#isTold) this.#push({ type: 'finished' })
    },
    // The response says so itself, which the control plane finds to be late.
    late: () => undefined,
  }

  /** From now on, once a second, until it is disposed of. */
  start(): Disposable {
    this.#timer = setInterval(() => void this.#beat(), PUSH_HEARTBEAT_INTERVAL_MS)
    return { [Symbol.dispose]: () => clearInterval(this.#timer) }
  }

  /** What is left to say, for the response: `events`, or nothing. */
  rest(): { readonly events?: Batch } {
    const events = this.#batch()
    return events === undefined ? {} : { events }
  }

  /** The attempt goes on when one is lost, and so does the handler: nobody else is told to run it before long. */
  async #beat(): Promise<void> {
    if (this.#isBeating) return
    this.#isBeating = true
    this.#tell()
    try {
      const body = { attempt: this.#attempt, ...this.#details, ...this.rest() }
      const answer = await this.#route.heartbeat(body)
      this.#unanswered = undefined
      this.#onAnswer(answer)
    } catch {
      // What was said is kept; the response will say what is wrong.
    } finally {
      this.#isBeating = false
    }
  }

  #push(event: AgentEvent, bytes = 0): void {
    this.#tell()
    this.#buffer.push(event, bytes)
  }

  #tell(): void {
    if (this.#isTold || !this.#isEntered) return
    this.#isTold = true
    this.#buffer.push({ type: 'started' }, 0)
  }

  #batch(): Batch | undefined {
    if (this.#unanswered === undefined && !this.#buffer.isEmpty) {
      const events = this.#buffer.take(MAX_EVENT_BYTES_PER_REQUEST)
      this.#unanswered = { first: this.#next, events }
      this.#next += events.length
    }
    return this.#unanswered
  }
}
