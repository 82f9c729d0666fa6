/** The shape of an invocation and nothing more: one activity on another queue, its result handed on. */
import { proxyActivities } from '@temporalio/workflow'
import type { Invoke, Params, Result } from '../load.js'
import { ACTIVITY_QUEUE } from './settings.js'

const { generateReport } = proxyActivities<{ generateReport: Invoke }>({
  taskQueue: ACTIVITY_QUEUE,
  startToCloseTimeout: '1 minute',
})

export function rawCommand(params: Params): Promise<Result> {
  return generateReport(params)
}
