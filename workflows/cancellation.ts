/**
 * The cancel of an invocation: asked for by the update `cancel`, or in Temporal itself, at most once.
 *
 *   asked ──► the delivery under way is canceled ──► it ends somehow ──► the verdict, for everybody who asked
 */
import { allHandlersFinished, CancellationScope, condition, defineUpdate, setHandler } from '@temporalio/workflow'
import { CANCEL_UPDATE, type CancelRequest, type CancelVerdict } from '../protocol/cancel.js'

const cancelUpdate = defineUpdate<CancelVerdict, [CancelRequest]>(CANCEL_UPDATE)

export class Cancellation {
  /** What is to be canceled runs in here; once canceled, nothing begins in here any more. */
  readonly #scope = new CancellationScope()
  #request: CancelRequest | undefined
  #verdict: CancelVerdict | undefined

  /** To be called outside of any scope but the workflow's own. */
  constructor() {
    setHandler(cancelUpdate, async (request) => {
      this.#ask(request)
      await CancellationScope.nonCancellable(() => condition(() => this.#verdict !== undefined))
      return this.#verdict ?? 'unknown'
    })
    CancellationScope.current().cancelRequested.catch(() => this.#ask({ reason: 'asked for in Temporal' }))
  }

  get request(): CancelRequest | undefined {
    return this.#request
  }

  /** @throws {CancelledFailure} or what `run` makes of it */
  cancelable<T>(run: () => Promise<T>): Promise<T> {
    return this.#scope.run(run)
  }

  /** Tells everybody who asked, and waits until they have it. */
  async settle(verdict: CancelVerdict): Promise<void> {
    this.#verdict = verdict
    await CancellationScope.nonCancellable(() => condition(allHandlersFinished))
  }

  #ask(request: CancelRequest): void {
    if (this.#request !== undefined) return
    this.#request = request
    this.#scope.cancel()
  }
}
