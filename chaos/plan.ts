/** How much of everything. */
export interface Plan {
  /** Of each cell; every other one is at-most-once. */
  readonly trials: number
  /** That meet one fault together. */
  readonly trialsPerFault: number
  /** How long faults last: ms, at least and at most. */
  readonly lastsMs: readonly [least: number, greatest: number]
  /** How long an agent is frozen. */
  readonly freezeMs: number
}

/** About half an hour. */
export const FULL: Plan = { trials: 40, trialsPerFault: 8, lastsMs: [500, 20_000], freezeMs: 30_000 }
/** Under four minutes on two cores. */
export const SHORT: Plan = { trials: 6, trialsPerFault: 6, lastsMs: [500, 12_000], freezeMs: 10_000 }
