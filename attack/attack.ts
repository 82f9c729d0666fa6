import type { Battlefield } from './battlefield.js'
import type { GrpcAnswer } from './hostile-client.js'
import type { RawTask } from './raw-task.js'

/** How much of everything. */
export interface Scale {
  /** Connections of an attack that makes many. */
  readonly connections: number
  /** Frames or streams of a flood on one connection. */
  readonly floods: number
  /** Tries of each kind, where medians are compared. */
  readonly tries: number
  /** Entries of the header map. */
  readonly headers: number
  /** One after the other, with a look at the memory after each; else those that mostly wait run side by side. */
  readonly oneByOne: boolean
}

export const FULL: Scale = { connections: 10_000, floods: 100_000, headers: 1_000_000, tries: 2_500, oneByOne: true }
export const SHORT: Scale = { connections: 150, floods: 3_000, headers: 50_000, tries: 100, oneByOne: false }

/** What every attack may use. */
export interface Arena extends Battlefield {
  /** Tasks that each side's agent has taken and not reported on. */
  readonly evilTask: RawTask
  readonly acmeTask: RawTask
}

export interface Attack {
  readonly name: string
  /** What it would come to without the defence. */
  readonly without: string
  /** Resolves with how it was repelled. @throws {Breach} when it got through */
  readonly run: (arena: Arena, scale: Scale) => Promise<string>
  /**
   * `nothing`: no call may reach Temporal. `own`: calls may, if the agent has the right to make them as they arrive.
   * `vendor`: beside those, what the API asks of Temporal. `other agents`: anything, since the attack brings its own.
   */
  readonly mayReach: 'nothing' | 'own' | 'vendor' | 'other agents'
  /** Whether it goes by calls that Temporal itself would take. */
  readonly speaksGrpc: boolean
  /** It mostly waits, and can do so beside others that may reach the same. */
  readonly waits?: true
}

/** An attack got through. */
export class Breach extends Error {
  override readonly name = 'Breach'
}

/** The codes that all answers had, in words. @throws {Breach} when one has another than those */
export function allRefused(answers: readonly GrpcAnswer[], ...codes: readonly GrpcAnswer['code'][]): string {
  const counts = new Map<string, number>()
  for (const { code, details } of answers) {
    if (!codes.includes(code)) throw new Breach(`answered ${code} ${details}`)
    counts.set(code, (counts.get(code) ?? 0) + 1)
  }
  return [...counts].map(([code, count]) => (count === 1 ? code : `${count} × ${code}`)).join(', ')
}
