/** The attempt of an invocation that is under way, as Temporal tells of its activity. */
import type { WorkflowExecutionDescription } from '@temporalio/client'
import proto from '@temporalio/proto'
import { PUSH_ACTIVITY } from '../../protocol/names.js'

export type PendingActivity = NonNullable<WorkflowExecutionDescription['raw']['pendingActivities']>[number]

// Node finds no named exports in this CommonJS module.
const { PENDING_ACTIVITY_STATE_SCHEDULED, PENDING_ACTIVITY_STATE_CANCEL_REQUESTED } =
  proto.temporal.api.enums.v1.PendingActivityState

/** Of several the last: one that was given up stays pending until its runtime hears of it. */
export function newestAttempt({
  pendingActivities,
}: WorkflowExecutionDescription['raw']): { activity: PendingActivity; attempt: number } | undefined {
  const [newest] = (pendingActivities ?? [])
    .map((activity) => ({ activity, attempt: Number(activity.activityId?.replace(/^attempt-/, '')) }))
    .sort((a, b) => b.attempt - a.attempt)
  return newest
}

export const isPushed = ({ activityType }: PendingActivity): boolean => activityType?.name === PUSH_ACTIVITY

/** Whether an agent, or a handler runtime, has it. What was only sent may wait in a queue. */
export function isTaken(activity: PendingActivity): boolean {
  if (isPushed(activity)) return activity.lastHeartbeatTime != null
  return isBegun(activity)
}

/** Whether an agent has it, or it was sent. */
export const isBegun = ({ state }: PendingActivity): boolean => state !== PENDING_ACTIVITY_STATE_SCHEDULED

/** Whether it was told to stop, and has not said yet that it did. */
export const isCancelRequested = ({ state }: PendingActivity): boolean =>
  state === PENDING_ACTIVITY_STATE_CANCEL_REQUESTED
