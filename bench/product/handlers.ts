/** The product's commands under measurement. */
import { command } from '@alienplatform/sdk'
import { setTimeout as delay } from 'node:timers/promises'
import { record } from '../../tests/fixtures/record.js'
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

/** Ends with its time or at its signal, and says which in its file, and when. */
command('wait', async ({ file, ms }: { file: string; ms: number }, { signal }) => {
  await record(file, 'entered')
  try {
    await delay(ms, undefined, { signal })
  } catch (error) {
    await record(file, `signaled ${Date.now()}`)
    throw error
  }
  await record(file, 'finished')
})
