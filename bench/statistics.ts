/** Blocks of one system under one load, as figures. */
import type { Block } from './load.js'

export interface Figures {
  /** Median of the blocks, so that one that something disturbed does not decide. */
  readonly perSecond: number
  readonly p50Ms: number
  readonly p90Ms: number
  readonly p99Ms: number
  /** Shows what percentiles hide: a call that Temporal had to deliver a second time. */
  readonly maxMs: number
  /** Calls behind the figures. */
  readonly calls: number
}

/** @throws {Error} when there is nothing to count */
export function figuresOf(blocks: readonly Block[]): Figures {
  const sortedMs = blocks.flatMap(({ latenciesMs }) => latenciesMs).sort((a, b) => a - b)
  return {
    perSecond: rounded(median(blocks.map(({ latenciesMs, elapsedMs }) => (latenciesMs.length / elapsedMs) * 1_000))),
    p50Ms: rounded(percentile(sortedMs, 50)),
    p90Ms: rounded(percentile(sortedMs, 90)),
    p99Ms: rounded(percentile(sortedMs, 99)),
    maxMs: rounded(percentile(sortedMs, 100)),
    calls: sortedMs.length,
  }
}

/** Nearest rank: always a value that was measured. */
export function percentile(sorted: readonly number[], percent: number): number {
  const value = sorted[Math.ceil((percent / 100) * sorted.length) - 1]
  if (value === undefined) throw new Error('no values to take a percentile of')
  return value
}

export const median = (values: readonly number[]): number =>
  percentile(
    [...values].sort((a, b) => a - b),
    50,
  )

/** Two digits after the point: the clock gives more, the machine does not. */
export const rounded = (value: number): number => Math.round(value * 100) / 100

/** Where a figure lies in 95 of 100 runs like this one: from, to. */
export type Spread = readonly [number, number]

const DRAWS = 1_000

/** Bootstrap: the figure of as many rounds, drawn from those there are, again and again. */
export function spreadOf<Round>(rounds: readonly Round[], figure: (drawn: readonly Round[]) => number): Spread {
  const draw = (): Round => rounds[Math.floor(Math.random() * rounds.length)] as Round
  const figures = Array.from({ length: DRAWS }, () => figure(rounds.map(draw))).sort((a, b) => a - b)
  return [percentile(figures, 2.5), percentile(figures, 97.5)]
}

/** The same in random order, each order as likely as any other. */
export const shuffled = <T>(values: readonly T[]): T[] =>
  values
    .map((value) => ({ value, rank: Math.random() }))
    .sort((a, b) => a.rank - b.rank)
    .map(({ value }) => value)
