/** What attempts share, for tests. */
import { NO_METRICS } from '../observability/metrics.js'
import { Runs } from '../execution/runs.js'
import { testRunDeps } from '../execution/test-run.testsuite.js'
import type { AttemptDeps, OpenEvents } from './run-command.js'
import { NO_STAND_IN } from './stand-in.js'

const silent = (): undefined => undefined

const EVENTS = { started: silent, progress: silent, log: silent, end: silent, late: silent }
export const SILENT_EVENTS: OpenEvents = () => EVENTS

export const testDeps = async (given: Partial<AttemptDeps> = {}): Promise<AttemptDeps> => ({
  runs: new Runs(),
  openEvents: SILENT_EVENTS,
  openStandIn: NO_STAND_IN,
  isRetired: () => false,
  metrics: NO_METRICS,
  ...given,
  ...(await testRunDeps(given)),
})
