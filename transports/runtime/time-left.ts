/** How a platform's time is divided between handler and report, by this machine's clock alone. */
import { OUTLAST_OUTAGE_MS } from '../../client/request.js'
import type { AttemptInput } from '../../protocol/invocation.js'

/** Kept from the handler, so that what it comes to can be told: a tenth, within these. */
const MIN_REPORT_MS = 500
const MAX_REPORT_MS = 5_000

/** What is left for the platform to take the answer. */
const ANSWER_MS = 200

export class TimeLeft {
  readonly #endsAtMs: number
  readonly #reportMs: number

  constructor(remainingMs: number) {
    this.#endsAtMs = performance.now() + remainingMs
    this.#reportMs = Math.min(Math.max(remainingMs / 10, MIN_REPORT_MS), MAX_REPORT_MS)
  }

  /** Until the handler has to be over. */
  get untilReportMs(): number {
    return this.#untilMs(this.#reportMs)
  }

  /** For telling the control plane, which may be away. */
  get forReportMs(): number {
    return Math.min(this.#untilMs(ANSWER_MS), OUTLAST_OUTAGE_MS)
  }

  /** The attempt's own time where it is shorter; `null` is "no limit". */
  forHandler({ timeoutMs }: { readonly timeoutMs: number | null }): number | null {
    const limitMs = Math.min(timeoutMs ?? Infinity, this.untilReportMs)
    return limitMs === Infinity ? null : limitMs
  }

  /** For an attempt that waits its turn here, which the platform counts as well. */
  budget(): Pick<AttemptInput, 'budget'> {
    const remainingMs = this.untilReportMs
    if (remainingMs === Infinity) return {}
    return { budget: { remainingMs, queueMs: remainingMs, scheduleToCloseMs: remainingMs } }
  }

  /** Whole: Node's timers want that. */
  #untilMs(beforeEndMs: number): number {
    return Math.max(Math.floor(this.#endsAtMs - performance.now() - beforeEndMs), 0)
  }
}
