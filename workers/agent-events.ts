/**
 * Tells the control plane what handlers say while they run, for whoever follows their invocations.
 *
 *   handler ─► buffer of the attempt ─► one request at a time with what all attempts have to say ─► control plane
 *
 * Invariants:
 *  E1  a handler never waits: what cannot be told soon enough is dropped, and counted
 *  E2  memory is bounded, however long the control plane is away: by the buffers, and by {@link MAX_WAITING_BYTES}
 *  E3  a request whose answer was lost is sent again as it was; its numbers let the control plane keep it once
 *  E4  an attempt that says nothing and is over at once costs no request
 */
import { setTimeout as delay } from 'node:timers/promises'
import type { OpenEvents } from '../activities/run-command.js'
import type { AttemptEvents } from '../execution/attempt-events.js'
import { EventBuffer } from '../execution/event-buffer.js'
import { logLine } from '../execution/log-line.js'
import { requestJson } from '../client/request.js'
import type { AgentEvent, AgentEventsRequest } from '../protocol/agent-events.js'
import { CommandError } from '../protocol/errors.js'
import type { JsonValue } from '../protocol/json.js'

/** How long what was said may wait for company. */
const GATHER_MS = 250
/** An attempt that is over sooner need not be shown as running. */
const STARTED_AFTER_MS = 500
const MAX_REQUEST_BYTES = 512 * 1_024
const MAX_WAITING_BYTES = 16 * 1_024 * 1_024
const MAX_STREAMS = 1_000
/** After this the request is made anew, with the token of then. */
const GIVE_UP_AFTER_MS = 30_000
const TRY_AGAIN_MS = 5_000

export interface AgentEventsOptions {
  readonly url: string
  readonly token: string
  readonly fetch: typeof fetch | undefined
  /** Hears what is wrong when the control plane does not take events. */
  readonly onTrouble: (reason: string) => void
}

/** What one attempt has to say. */
interface Stream {
  readonly taskToken: string
  readonly buffer: EventBuffer
  /** Number of the next event to be taken. */
  next: number
  ended: boolean
}

interface Batch {
  readonly stream: Stream
  readonly first: number
  readonly events: AgentEvent[]
}

export class AgentEventSender {
  readonly #options: AgentEventsOptions
  readonly #closing = new AbortController()
  /** Those with something to say, or that had and go on. */
  readonly #streams = new Set<Stream>()
  #token: string
  #timer: NodeJS.Timeout | undefined
  #sending: Promise<void> | undefined
  #isClosing = false
  /** What was wrong last; said once. */
  #trouble: string | undefined

  constructor(options: AgentEventsOptions) {
    this.#options = options
    this.#token = options.token
  }

  /** For the next request. */
  setToken(token: string): void {
    this.#token = token
  }

  readonly open: OpenEvents = ({ taskToken }) => {
    const stream: Stream = {
      taskToken: Buffer.from(taskToken).toString('base64'),
      buffer: new EventBuffer(),
      next: 1,
      ended: false,
    }
    return this.#eventsOf(stream)
  }

  /** Sends what waits, if that can be done in `graceMs`. */
  async close(graceMs: number): Promise<void> {
    this.#isClosing = true
    const timer = setTimeout(() => this.#closing.abort(), graceMs)
    while ((this.#sending || this.#hasMore()) && !this.#closing.signal.aborted) await this.#flush()
    clearTimeout(timer)
    clearTimeout(this.#timer)
    this.#closing.abort()
  }

  #eventsOf(stream: Stream): AttemptEvents {
    let isStarted = false
    let startedSoon: NodeJS.Timeout | undefined
    const start = (): void => {
      clearTimeout(startedSoon)
      if (isStarted || stream.ended) return
      isStarted = true
      stream.buffer.push({ type: 'started' }, 0)
      this.#wait(stream)
    }
    const push = (event: AgentEvent, bytes = 0): void => {
      if (stream.ended) return
      start()
      stream.buffer.push(event, bytes)
      this.#wait(stream)
    }
    return {
      started: () => (startedSoon = setTimeout(start, STARTED_AFTER_MS).unref()),
      progress: (report) =>
        push({ type: 'progress', at: new Date().toISOString(), ...report }, report.message?.length ?? 0),
      log: (level, message, fields) => {
        const line = logLine(level, message, fields)
        push(line.event, line.bytes)
      },
      end: () => {
        clearTimeout(startedSoon)
        if (isStarted) push({ type: 'finished' })
        stream.ended = true
        if (isStarted) void this.#flush()
      },
      late: (message) => {
        const line = logLine('warn', message, undefined)
        stream.buffer.push(line.event, line.bytes)
        // A follower waits for the end of what was said.
        if (!isStarted) stream.buffer.push({ type: 'finished' }, 0)
        isStarted = true
        this.#wait(stream)
      },
    }
  }

  #wait(stream: Stream): void {
    if (this.#closing.signal.aborted) return
    this.#streams.add(stream)
    this.#timer ??= setTimeout(() => this.#tick(), GATHER_MS)
  }

  #tick(): void {
    this.#timer = undefined
    this.#bound()
    void this.#flush()
  }

  /** One request at a time; what is said meanwhile goes with the next. */
  #flush(): Promise<void> {
    this.#sending ??= this.#sendAll().finally(() => {
      this.#sending = undefined
      if (this.#hasMore()) this.#timer ??= setTimeout(() => this.#tick(), this.#isUrgent() ? 0 : GATHER_MS)
    })
    return this.#sending
  }

  /** What is said last is not to come after the invocation's end. */
  #isUrgent(): boolean {
    for (const { ended, buffer } of this.#streams) if (ended && !buffer.isEmpty) return true
    return false
  }

  #hasMore(): boolean {
    for (const { buffer } of this.#streams) if (!buffer.isEmpty) return true
    return false
  }

  async #sendAll(): Promise<void> {
    const batches = this.#take()
    if (batches.length > 0) await this.#send(batches)
    for (const stream of this.#streams) if (stream.ended && stream.buffer.isEmpty) this.#streams.delete(stream)
  }

  #take(): Batch[] {
    const batches: Batch[] = []
    let leftBytes = MAX_REQUEST_BYTES
    for (const stream of this.#streams) {
      if (stream.buffer.isEmpty) continue
      if (leftBytes <= 0) break
      const waitingBytes = stream.buffer.bytes
      const events = stream.buffer.take(leftBytes)
      leftBytes -= waitingBytes - stream.buffer.bytes
      // It goes to the end of the line.
      this.#streams.delete(stream)
      this.#streams.add(stream)
      batches.push({ stream, first: stream.next, events })
      stream.next += events.length
      if (batches.length === MAX_STREAMS) break
    }
    return batches
  }

  async #send(batches: readonly Batch[]): Promise<void> {
    const body: AgentEventsRequest = {
      batches: batches.map(({ stream: { taskToken }, first, events }) => ({ taskToken, first, events })),
    }
    const { signal } = this.#closing
    for (;;) {
      try {
        const { url, fetch } = this.#options
        const endpoint = { baseUrl: url, token: this.#token, giveUpAfterMs: GIVE_UP_AFTER_MS, signal, fetch }
        await requestJson(endpoint, { method: 'POST', path: '/v1/agent/events', body })
        this.#trouble = undefined
        return
      } catch (error) {
        if (signal.aborted) return
        const trouble = CommandError.from(error)
        if (trouble.message !== this.#trouble) this.#options.onTrouble(trouble.message)
        this.#trouble = trouble.message
        // One that is bad must not take what others said with it.
        if (trouble.code === 'invalid_request' && batches.length > 1) {
          for (const batch of batches) await this.#send([batch])
          return
        }
        if (!mayPass(trouble)) {
          this.#lose(batches, trouble)
          // Nobody is left to tell that something was dropped.
          if (this.#isClosing) this.#closing.abort()
          return
        }
        await delay(TRY_AGAIN_MS, undefined, { signal }).catch(() => undefined)
      }
    }
  }

  #lose(batches: readonly Batch[], { code, details }: CommandError): void {
    const refused = code === 'permission_denied' ? refusedOf(details) : undefined
    for (const [index, { stream, events }] of batches.entries()) {
      // What was not refused has arrived. What was will be again: nobody is to hear of this attempt any more.
      if (refused === undefined) stream.buffer.lose(events)
      else if (refused.has(index)) this.#forget(stream)
    }
  }

  #forget(stream: Stream): void {
    stream.ended = true
    stream.buffer.take(Infinity)
    this.#streams.delete(stream)
  }

  /** The oldest that is over goes first. */
  #bound(): void {
    let waitingBytes = 0
    for (const { buffer } of this.#streams) waitingBytes += buffer.bytes
    for (const stream of this.#streams) {
      if (this.#streams.size > MAX_STREAMS && stream.ended) this.#forget(stream)
      if (waitingBytes <= MAX_WAITING_BYTES) continue
      waitingBytes -= stream.buffer.bytes
      stream.buffer.dropAll()
    }
  }
}

const mayPass = ({ code }: CommandError): boolean =>
  code === 'unavailable' || code === 'rate_limited' || code === 'unauthenticated'

function refusedOf(details: JsonValue | undefined): ReadonlySet<number> | undefined {
  const { refused } = (details ?? {}) as { refused?: number[] }
  return refused && new Set(refused)
}
