/** Lanes that take turns of some calls, so that a noisy moment of the machine hits all alike, and how they compare. */
import { median, shuffled, spreadOf, type Spread } from './statistics.js'
import { timesMs } from './times.js'

export const CALLS_A_TURN = 10
export const TURNS = 120
export const WARM_UP_CALLS = 60

/** A spread that is wider says nothing of a bar within it. */
const WIDEST_SPREAD = 0.06

export interface TurnLane {
  readonly name: string
  readonly call: (n: number) => Promise<unknown>
}

/** ms of each call of a lane, by turn. */
export type Turns = readonly (readonly number[])[]

export interface Compared {
  readonly p50Ms: number
  /** Of the other lane's p50. */
  readonly ratio: number
  /** Of the ratio. */
  readonly spread: Spread
}

export async function warmUpLanes(lanes: readonly TurnLane[]): Promise<void> {
  for (const { call } of lanes) await timesMs(WARM_UP_CALLS, call)
}

/** In each turn every lane gets {@link CALLS_A_TURN} calls, in random order. By name of the lane. */
export async function takeTurns(
  lanes: readonly TurnLane[],
  progress: (message: string) => void,
): Promise<ReadonlyMap<string, Turns>> {
  const times = lanes.map((lane) => ({ ...lane, turns: [] as number[][] }))
  for (let turn = 1; turn <= TURNS; turn += 1) {
    if (turn % 10 === 1) progress(`turn ${turn} of ${TURNS}`)
    for (const { call, turns } of shuffled(times)) turns.push(await timesMs(CALLS_A_TURN, call))
  }
  return new Map(times.map(({ name, turns }) => [name, turns]))
}

export const p50Of = (turns: Turns): number => median(turns.flat())

/** Turns of the same number are drawn together. */
export function compare(turns: Turns, base: Turns): Compared {
  const pairs = turns.map((turn, number) => ({ turn, base: base[number] ?? [] }))
  const ratioOf = (drawn: readonly { readonly turn: readonly number[]; readonly base: readonly number[] }[]): number =>
    p50Of(drawn.map((pair) => pair.turn)) / p50Of(drawn.map((pair) => pair.base))
  return { p50Ms: p50Of(turns), ratio: ratioOf(pairs), spread: spreadOf(pairs, ratioOf) }
}

/** Whether the run says anything of the bar: it lies outside of the spread, or that is narrow. */
const tells = ({ spread: [low, high] }: Compared, bar: number): boolean =>
  high <= bar || low > bar || high - low <= WIDEST_SPREAD

export const meetsBar = (compared: Compared, bar: number): boolean => compared.ratio <= bar && tells(compared, bar)

/** What a table says of a comparison. @param bar of the ratio; `undefined`: it is only told */
export function comparison(compared: Compared, baseName: string, bar?: number): string {
  const spread = compared.spread.map((end) => end.toFixed(3)).join(' to ')
  const told = `p50 ${compared.ratio.toFixed(3)} x ${baseName}, 95 % within ${spread}`
  if (bar === undefined) return told
  const verdict = !tells(compared, bar) ? 'spread too wide to tell' : compared.ratio <= bar ? 'met' : 'missed'
  return `${told}   bar ${bar}: ${verdict}`
}
