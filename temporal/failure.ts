/**
 * `CommandError` ↔ Temporal's failures, the one place where either becomes the other. The `type` of the failure is
 * the code, its first detail is `details`, so the Web UI shows both. A second detail is the attempt's checkpoint.
 */
import {
  ApplicationFailure,
  CancelledFailure,
  TerminatedFailure,
  TimeoutFailure,
  WorkflowNotFoundError,
} from '@temporalio/client'
import { CommandError, isErrorCode } from '../protocol/errors.js'
import type { JsonValue } from '../protocol/json.js'

/**
 * Never retried by Temporal: the invocation's workflow decides on that. Benign, because Temporal's worker would log
 * any other failure with its details, which belong to the caller alone.
 *
 * @param checkpoint for the next attempt
 */
export function toApplicationFailure(error: CommandError, checkpoint?: JsonValue): ApplicationFailure {
  return ApplicationFailure.create({
    message: error.message,
    type: error.code,
    nonRetryable: true,
    category: 'BENIGN',
    details: failureDetails(error.details, checkpoint),
  })
}

/** First what belongs to the error, then the checkpoint of the attempt that failed, as its heartbeats have it. */
export function failureDetails(details: JsonValue | undefined, checkpoint: JsonValue | undefined): unknown[] {
  if (checkpoint !== undefined) return [details, { checkpoint }]
  return details === undefined ? [] : [details]
}

/** Why an invocation's workflow ended badly. `cause` is what `WorkflowFailedError` carries. */
export function fromWorkflowFailure(cause: unknown): CommandError {
  if (cause instanceof ApplicationFailure && isErrorCode(cause.type)) {
    const [details] = (cause.details ?? []) as JsonValue[]
    return new CommandError(cause.type, cause.message, { details })
  }
  if (cause instanceof CancelledFailure) return new CommandError('canceled', 'the invocation was canceled')
  if (cause instanceof TerminatedFailure) {
    return new CommandError(
      'outcome_unknown',
      'the workflow was terminated in Temporal; whether the handler finished is unknown',
    )
  }
  if (cause instanceof TimeoutFailure) {
    return new CommandError('timed_out', 'the workflow ran out of the time Temporal gave it')
  }
  return CommandError.from(cause)
}

export const isWorkflowNotFound = (error: unknown): boolean => error instanceof WorkflowNotFoundError
