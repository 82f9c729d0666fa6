import type { World } from '../world.js'

/** What must be fast enough, small enough, or soon enough. */
export interface Bar {
  readonly name: string
  readonly run: (world: World, isShort: boolean, progress: (message: string) => void) => Promise<Measured>
}

export interface Measured {
  /** For people. */
  readonly figures: string
  readonly isMet: boolean
}
