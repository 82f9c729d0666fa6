/** A closed loop of calls: as soon as one is answered, the next one starts. */
import { inLanes } from './lanes.js'

/** What every system is asked to do, and what it answers. */
export interface Params {
  readonly startDate: string
  readonly sequence: number
}
export interface Result {
  readonly rowCount: number
  /** The params' own. */
  readonly sequence: number
  /** How many times this agent process has run the handler, this run included: no two results have the same. */
  readonly run: number
}

export type Invoke = (params: Params) => Promise<Result>

export interface Load {
  readonly count: number
  readonly inFlight: number
}

export interface Block {
  readonly latenciesMs: readonly number[]
  /** From the first call to the last answer. */
  readonly elapsedMs: number
  readonly results: readonly Result[]
}

/** Runs `count` calls with `inFlight` at a time; `sequence` counts from 0. @throws what the first failed call throws */
export async function runLoad(invoke: Invoke, { count, inFlight }: Load): Promise<Block> {
  const latenciesMs: number[] = []
  const startedAtMs = performance.now()
  const results = await inLanes(count, inFlight, async (sequence) => {
    const calledAtMs = performance.now()
    const result = await invoke({ startDate: '2025-01-01', sequence })
    latenciesMs.push(performance.now() - calledAtMs)
    if (result.sequence !== sequence) {
      throw new Error(`call ${sequence} was answered with the result of call ${result.sequence}`)
    }
    return result
  })
  return { latenciesMs, elapsedMs: performance.now() - startedAtMs, results }
}
