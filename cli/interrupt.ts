/**
 * What Ctrl-C does to a call that waits: the work is on another machine, and does not end with this process.
 *
 *   first   cancel or detach, as `--on-interrupt` says; without it, a terminal is asked, and elsewhere it is detach
 *   second  detach, at once
 */
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { InvocationHandle } from '../client/invocation-handle.js'
import type { CancelVerdict } from '../protocol/cancel.js'
import { CommandError } from '../protocol/errors.js'
import { say, type Progress } from './console.js'

export const INTERRUPT_CHOICES = ['cancel', 'detach'] as const
export type InterruptChoice = (typeof INTERRUPT_CHOICES)[number]

export class Interrupt implements Disposable {
  readonly #handle: InvocationHandle
  readonly #choice: InterruptChoice | undefined
  readonly #progress: Progress
  readonly #left = new AbortController()
  #times = 0
  #verdict: CancelVerdict | undefined

  constructor(handle: InvocationHandle, choice: InterruptChoice | undefined, progress: Progress) {
    this.#handle = handle
    this.#choice = choice
    this.#progress = progress
    process.on('SIGINT', this.#onInterrupt)
  }

  /** Aborts when nobody is to wait any more. */
  get left(): AbortSignal {
    return this.#left.signal
  }

  /** What canceling came to, where it was asked for and is known. */
  get verdict(): CancelVerdict | undefined {
    return this.#verdict
  }

  /** Nobody is asked any more: a question that is open would keep the process. */
  [Symbol.dispose](): void {
    process.off('SIGINT', this.#onInterrupt)
    this.#left.abort()
  }

  readonly #onInterrupt = (): void => {
    this.#times += 1
    if (this.#times > 1) this.#left.abort()
    else void this.#choose().then((choice) => (choice === 'cancel' ? this.#cancel() : this.#left.abort()))
  }

  async #choose(): Promise<InterruptChoice> {
    if (this.#choice !== undefined) return this.#choice
    if (!process.stdin.isTTY || !process.stderr.isTTY) return 'detach'
    this.#progress.stop()
    const terminal = createInterface({ input: process.stdin, output: process.stderr })
    // In its own mode, the terminal sends this instead of the signal.
    terminal.once('SIGINT', () => this.#left.abort())
    try {
      terminal.setPrompt(`cancel ${this.#handle.id}, or leave it running? [c/L] `)
      terminal.prompt()
      const [answer] = (await once(terminal, 'line', { signal: this.#left.signal })) as [string]
      return /^c/i.test(answer.trim()) ? 'cancel' : 'detach'
    } catch {
      return 'detach'
    } finally {
      terminal.close()
    }
  }

  async #cancel(): Promise<void> {
    say(`asked ${this.#handle.id} to stop; once more Ctrl-C leaves it`)
    try {
      const reason = 'interrupted on the command line'
      this.#verdict = await this.#handle.cancel({ reason, signal: this.#left.signal })
    } catch (error) {
      if (!this.#left.signal.aborted) say(`could not ask it to stop: ${CommandError.from(error).message}`)
    }
    // Whatever else it came to, the result that is waited for tells.
    if (this.#verdict === undefined || this.#verdict === 'unknown') this.#left.abort()
  }
}
