/** An answer as server-sent events. Never holds more than what is being written: a slow reader slows its own stream. */
import type { Response } from 'express'
import { once } from 'node:events'

/** A reader that takes nothing for so long is cut off. */
const STALLED_MS = 60_000
/** When a client should come back after its connection broke. */
const RETRY_MS = 1_000

export class EventStream {
  readonly #response: Response

  constructor(response: Response) {
    this.#response = response
    response.status(200).set({
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      // Or nginx would hold events back to fill its buffers.
      'x-accel-buffering': 'no',
    })
  }

  begin(): Promise<void> {
    return this.#write(`retry: ${RETRY_MS}\n\n`)
  }

  /** @param json on one line, as JSON is */
  send(type: string, json: string, id?: number): Promise<void> {
    return this.#write(`${id === undefined ? '' : `id: ${id}\n`}event: ${type}\ndata: ${json}\n\n`)
  }

  /** Shows proxies, and the reader, that the connection is alive. */
  stillHere(): Promise<void> {
    return this.#write(':\n\n')
  }

  end(): void {
    this.#response.end()
  }

  async #write(text: string): Promise<void> {
    const response = this.#response
    if (response.closed || response.write(text)) return
    const stalled = setTimeout(() => response.destroy(), STALLED_MS)
    const over = new AbortController()
    const { signal } = over
    await Promise.race([once(response, 'drain', { signal }), once(response, 'close', { signal })])
    over.abort()
    clearTimeout(stalled)
  }
}
