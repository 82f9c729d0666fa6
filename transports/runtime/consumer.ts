/** A process that takes messages until it is told to stop. */
export interface Consumer {
  /** Takes no more messages; resolves when the handlers under way have ended and their messages are settled. */
  readonly close: () => Promise<void>
}

/** What is still to be settled. */
export class UnderWay {
  readonly #works = new Set<Promise<void>>()

  get isNothing(): boolean {
    return this.#works.size === 0
  }

  async track(work: Promise<void>): Promise<void> {
    this.#works.add(work)
    try {
      await work
    } finally {
      this.#works.delete(work)
    }
  }

  async ended(): Promise<void> {
    await Promise.allSettled(this.#works)
  }
}
