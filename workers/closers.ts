/** What a process opened, closed in reverse order, whatever happens on the way. */

type Close = () => unknown

export class Closers {
  readonly #closers: Close[] = []
  #closing: Promise<void> | undefined

  add(close: Close): void {
    this.#closers.push(close)
  }

  /** May be called again; all calls share one closing. @throws the first error, after everything was tried */
  close(): Promise<void> {
    this.#closing ??= this.#closeAll()
    return this.#closing
  }

  async #closeAll(): Promise<void> {
    const errors: unknown[] = []
    for (const close of this.#closers.reverse()) {
      try {
        await close()
      } catch (error) {
        errors.push(error)
      }
    }
    if (errors.length > 0) throw errors[0] instanceof Error ? errors[0] : new Error(String(errors[0]))
  }
}

/** What `open` opens, which adds how to close it; when it fails half-way, what was open by then is closed again. */
export async function openOrClose<T>(open: (closers: Closers) => Promise<T>): Promise<T> {
  const closers = new Closers()
  try {
    return await open(closers)
  } catch (error) {
    await closers.close()
    throw error
  }
}
