/** The product's commands under measurement. */
import { command } from '@alienplatform/sdk'
import type { Params, Result } from '../load.js'

export interface AgentState {
  readonly rssBytes: number
  /** How often `generate-report` has run in this process. */
  readonly runs: number
}

let runs = 0

command('generate-report', ({ sequence }: Params): Result => {
  runs += 1
  return { rowCount: 3, sequence, run: runs }
})

command('agent-state', (): AgentState => ({ rssBytes: process.memoryUsage.rss(), runs }))
