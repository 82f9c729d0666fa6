/** What Temporal recorded of an invocation. */
import type { Client as TemporalClient } from '@temporalio/client'
import type proto from '@temporalio/proto'

export interface HistorySummary {
  /** Ways in which it ended; one, unless something is very wrong. */
  readonly ends: readonly string[]
  readonly attempts: readonly AttemptTimes[]
}

/** ms since 1970, by Temporal's clock. */
interface AttemptTimes {
  readonly startedAtMs: number
  /** `Infinity` while it is under way. */
  readonly endedAtMs: number
}

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent

const END_OF_WORKFLOW = [
  'workflowExecutionCompletedEventAttributes',
  'workflowExecutionFailedEventAttributes',
  'workflowExecutionCanceledEventAttributes',
  'workflowExecutionTerminatedEventAttributes',
  'workflowExecutionTimedOutEventAttributes',
  'workflowExecutionContinuedAsNewEventAttributes',
] as const

export async function readHistory(temporal: TemporalClient, invocationId: string): Promise<HistorySummary> {
  const { events } = await temporal.workflow.getHandle(invocationId).fetchHistory()
  return summaryOf(events ?? [])
}

function summaryOf(events: readonly HistoryEvent[]): HistorySummary {
  const endedAtMs = new Map<string, number>()
  for (const event of events) {
    const end =
      event.activityTaskCompletedEventAttributes ??
      event.activityTaskFailedEventAttributes ??
      event.activityTaskTimedOutEventAttributes ??
      event.activityTaskCanceledEventAttributes
    if (end) endedAtMs.set(String(end.startedEventId), timeOf(event))
  }
  return {
    ends: events.flatMap((event) => END_OF_WORKFLOW.filter((key) => event[key])),
    attempts: events
      .filter((event) => event.activityTaskStartedEventAttributes)
      .map((event) => ({
        startedAtMs: timeOf(event),
        endedAtMs: endedAtMs.get(String(event.eventId)) ?? Infinity,
      })),
  }
}

const timeOf = ({ eventTime }: HistoryEvent): number =>
  Number(eventTime?.seconds ?? 0) * 1_000 + (eventTime?.nanos ?? 0) / 1e6
