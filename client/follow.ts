/** Follows an invocation over server-sent events, and over whatever breaks on the way. */
import { setTimeout as delay } from 'node:timers/promises'
import { CommandError } from '../protocol/errors.js'
import type { InvocationEvent } from '../protocol/events.js'
import { backoffMs } from './backoff.js'
import { EventParser, type ServerSentEvent } from './event-parser.js'
import { openStream, OUTLAST_OUTAGE_MS, type Endpoint } from './request.js'

/** The server shows itself every 15 s. */
const SILENCE_MS = 45_000

/**
 * Its events from the first that is still known to the end, `ended` being the last.
 *
 * @throws {CommandError} `invocation_not_found`, …, or `unavailable` when the control plane stays away for 10 minutes
 */
export async function* followEvents(endpoint: Endpoint, id: string): AsyncGenerator<InvocationEvent, void> {
  const { signal } = endpoint
  let lastId = ''
  let troubleSinceMs: number | undefined
  for (let tries = 0; ; tries += 1) {
    const silence = new Silence(signal)
    let afterMs: number | undefined
    let trouble = new CommandError('unavailable', 'the control plane ended the stream before the invocation did')
    try {
      const answer = await openStream({ ...endpoint, signal: silence.signal }, pathOf(id), lastId)
      if ('error' in answer) {
        trouble = answer.error
        afterMs = answer.afterMs
      } else {
        for await (const event of eventsOf(answer.body, silence)) {
          tries = 0
          troubleSinceMs = undefined
          // The status that a stream begins with has none.
          if (event.id !== '') lastId = event.id
          const said = JSON.parse(event.data) as InvocationEvent
          yield said
          if (said.type === 'ended') return
        }
      }
    } catch (error) {
      signal?.throwIfAborted()
      if (error instanceof CommandError) throw error
      trouble = new CommandError('unavailable', `the stream broke: ${String(error)}`, { cause: error })
    } finally {
      silence.end()
    }
    troubleSinceMs ??= Date.now()
    const waitMs = afterMs ?? backoffMs(tries)
    if (Date.now() + waitMs - troubleSinceMs > OUTLAST_OUTAGE_MS) throw trouble
    await delay(waitMs, undefined, signal ? { signal } : {}).catch(() => signal?.throwIfAborted())
  }
}

const pathOf = (id: string): string => `/v1/invocations/${encodeURIComponent(id)}/events`

async function* eventsOf(body: ReadableStream<Uint8Array>, silence: Silence): AsyncGenerator<ServerSentEvent> {
  const parser = new EventParser()
  const decoder = new TextDecoder()
  for await (const bytes of body) {
    silence.broken()
    yield* parser.push(decoder.decode(bytes, { stream: true }))
  }
}

/** Takes a connection that stays silent for dead. */
class Silence {
  readonly #controller = new AbortController()
  readonly #timer: NodeJS.Timeout
  readonly signal: AbortSignal

  constructor(signal: AbortSignal | undefined) {
    this.signal = signal ? AbortSignal.any([signal, this.#controller.signal]) : this.#controller.signal
    this.#timer = setTimeout(() => this.end(), SILENCE_MS)
  }

  broken(): void {
    this.#timer.refresh()
  }

  /** Closes the connection as well. */
  end(): void {
    clearTimeout(this.#timer)
    this.#controller.abort(new Error(`nothing came for ${SILENCE_MS / 1_000} s`))
  }
}
