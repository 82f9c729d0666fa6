import {
  ActivityCancelledError,
  ActivityNotFoundError,
  ActivityPausedError,
  ActivityResetError,
  type Client,
} from '@temporalio/client'
import { attemptActivityId } from '../../protocol/names.js'

export type Heard = 'recorded' | 'cancel_requested' | 'not_open'

interface Attempt {
  readonly invocationId: string
  /** Default: of the newest. */
  readonly workflowRunId?: string
  readonly attempt: number
}

/** As the attempt's activity has it, which is open until there is an outcome, or nothing was heard for too long. */
export async function recordHeartbeat(
  reader: Client,
  { invocationId: workflowId, workflowRunId, attempt }: Attempt,
  details: object | undefined,
): Promise<Heard> {
  const run = workflowRunId === undefined ? {} : { runId: workflowRunId }
  try {
    await reader.activity.heartbeat({ workflowId, ...run, activityId: attemptActivityId(attempt) }, details)
  } catch (error) {
    if (error instanceof ActivityCancelledError) return 'cancel_requested'
    if (error instanceof ActivityNotFoundError) return 'not_open'
    // For whoever pauses activities in Temporal: it has no meaning for a handler that runs.
    if (!(error instanceof ActivityPausedError || error instanceof ActivityResetError)) throw error
  }
  return 'recorded'
}
