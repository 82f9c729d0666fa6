/** Waits for news of one invocation. News that come while nobody waits are not missed. */
export class EventWatch implements Disposable {
  readonly #onDispose: () => void
  #hasNews = false
  #wake: () => void = () => undefined

  constructor(onDispose: () => void) {
    this.#onDispose = onDispose
  }

  tell(): void {
    this.#hasNews = true
    this.#wake()
  }

  /** Whether there are news; waits for them, at most `waitMs`. */
  async news(waitMs: number): Promise<boolean> {
    if (!this.#hasNews) {
      let timer: NodeJS.Timeout | undefined
      await new Promise<void>((resolve) => {
        this.#wake = resolve
        timer = setTimeout(resolve, waitMs)
      })
      clearTimeout(timer)
      this.#wake = () => undefined
    }
    const hadNews = this.#hasNews
    this.#hasNews = false
    return hadNews
  }

  [Symbol.dispose](): void {
    this.#onDispose()
  }
}
