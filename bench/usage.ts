/** What a process took so far, told by itself. */

export interface Usage {
  readonly rssBytes: number
  /** Processor time. */
  readonly cpuMs: number
  readonly atMs: number
}

export function usage(): Usage {
  const { user, system } = process.cpuUsage()
  return { rssBytes: process.memoryUsage.rss(), cpuMs: (user + system) / 1_000, atMs: performance.now() }
}

/** Between the two, of one core. */
export const cpuPercentOf = (before: Usage, after: Usage): number =>
  (100 * (after.cpuMs - before.cpuMs)) / (after.atMs - before.atMs)
