/**
 * What an attempt has said and nobody was told yet. Bounded: when it is full, the oldest goes, and is counted.
 *
 * Invariants:
 *  B1  at most {@link MAX_BUFFERED_EVENTS} events and {@link MAX_BUFFERED_BYTES} bytes wait, whatever comes
 *  B2  each event is taken, or counted in a `dropped` event that stands where it would
 *  B3  of progress only the latest waits, where it was said; what it replaced is not counted
 */
import { MAX_BUFFERED_EVENTS, type AgentEvent } from '../protocol/agent-events.js'

const MAX_BUFFERED_BYTES = 256 * 1_024

/** What an event takes beside its text. */
const OVERHEAD_BYTES = 100

interface Entry {
  readonly event: AgentEvent
  readonly bytes: number
}

export class EventBuffer {
  #entries: (Entry | undefined)[] = []
  /** Where the oldest is; what is before it is gone. */
  #head = 0
  /** Where the progress is that waits. */
  #progressAt = -1
  #bytes = 0
  #dropped = 0

  get isEmpty(): boolean {
    return this.#head === this.#entries.length && this.#dropped === 0
  }

  get bytes(): number {
    return this.#bytes
  }

  /** @param textBytes of its texts, about */
  push(event: AgentEvent, textBytes: number): void {
    if (event.type === 'progress') this.#forgetProgress()
    const bytes = textBytes + OVERHEAD_BYTES
    this.#entries.push({ event, bytes })
    this.#bytes += bytes
    if (event.type === 'progress') this.#progressAt = this.#entries.length - 1
    while (this.#entries.length - this.#head > MAX_BUFFERED_EVENTS || this.#bytes > MAX_BUFFERED_BYTES) {
      if (this.#shift()) this.#dropped += 1
    }
    if (this.#head > MAX_BUFFERED_EVENTS) this.#compact()
  }

  /** The oldest, at most `maxBytes` of them, yet at least one event if there is any. */
  take(maxBytes: number): AgentEvent[] {
    const taken: AgentEvent[] = []
    if (this.#dropped > 0) taken.push({ type: 'dropped', count: this.#dropped })
    this.#dropped = 0
    let bytes = 0
    while (this.#head < this.#entries.length) {
      bytes += this.#entries[this.#head]?.bytes ?? 0
      if (bytes > maxBytes && taken.length > 0) break
      const entry = this.#shift()
      if (entry) taken.push(entry.event)
    }
    this.#compact()
    return taken
  }

  /** Counts as dropped what was taken and did not arrive. */
  lose(events: readonly AgentEvent[]): void {
    for (const event of events) this.#dropped += event.type === 'dropped' ? event.count : 1
  }

  /** Keeps nothing but the count. */
  dropAll(): void {
    this.lose(this.take(Infinity))
  }

  #shift(): Entry | undefined {
    const entry = this.#entries[this.#head]
    this.#entries[this.#head] = undefined
    if (this.#progressAt === this.#head) this.#progressAt = -1
    this.#head += 1
    this.#bytes -= entry?.bytes ?? 0
    return entry
  }

  #forgetProgress(): void {
    const entry = this.#entries[this.#progressAt]
    if (!entry) return
    this.#entries[this.#progressAt] = undefined
    this.#bytes -= entry.bytes
    // The usual case, and one that must not fill the buffer: nothing was said since.
    if (this.#progressAt === this.#entries.length - 1) this.#entries.pop()
    this.#progressAt = -1
  }

  #compact(): void {
    this.#entries = this.#entries.slice(this.#head)
    if (this.#progressAt >= 0) this.#progressAt -= this.#head
    this.#head = 0
  }
}
