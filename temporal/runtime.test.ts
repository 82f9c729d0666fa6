import { ApplicationFailure } from '@temporalio/common'
import { Runtime } from '@temporalio/worker'
import { expect, test } from 'vitest'
import { installTemporalRuntime } from './runtime.js'

test('what Temporal logs goes into our log, without task tokens and without what handlers threw', async () => {
  const lines: unknown[][] = []
  const write =
    (level: string) =>
    (fields: object, message: string): void => {
      lines.push([level, fields, message])
    }
  installTemporalRuntime({
    isLevelEnabled: () => true,
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  })
  const { logger } = Runtime.instance()
  const error = ApplicationFailure.nonRetryable('password is hunter2', 'command_failed', { secret: 'hunter2' })
  logger.warn('Activity failed', { activityType: 'fail', taskToken: 'c2VjcmV0', error })
  logger.warn('Workflow failed', { workflowId: 'inv_x', error })
  logger.error('Worker failed', { error: new Error('no connection') })
  // Held back for a moment, to be in order with those of the native core.
  await expect.poll(() => lines.length).toBe(3)
  expect(lines).toStrictEqual([
    ['warn', { activityType: 'fail', error: 'ApplicationFailure', source: 'temporal' }, 'Activity failed'],
    ['debug', { workflowId: 'inv_x', error: 'ApplicationFailure', source: 'temporal' }, 'Workflow failed'],
    ['error', { error: 'no connection', source: 'temporal' }, 'Worker failed'],
  ])
})
