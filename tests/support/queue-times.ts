/** When the attempts of an invocation were queued, for how long, and how long they may run, as Temporal has it. */
import { Client, Connection } from '@temporalio/client'
import type proto from '@temporalio/proto'

type HistoryEvent = proto.temporal.api.history.v1.IHistoryEvent
type Seconds = Pick<proto.google.protobuf.ITimestamp, 'seconds' | 'nanos'>

export async function queueTimes(temporalAddress: string, id: string) {
  const connection = await Connection.connect({ address: temporalAddress })
  try {
    const { events } = await new Client({ connection }).workflow.getHandle(id).fetchHistory()
    const all: readonly HistoryEvent[] = events ?? []
    return {
      startedAtMs: msOf(all[0]?.eventTime),
      queued: all.flatMap(({ eventTime, activityTaskScheduledEventAttributes: scheduled }) =>
        scheduled
          ? [
              {
                atMs: msOf(eventTime),
                timeoutMs: msOf(scheduled.scheduleToStartTimeout),
                runMs: msOf(scheduled.startToCloseTimeout),
                silenceMs: msOf(scheduled.heartbeatTimeout),
              },
            ]
          : [],
      ),
    }
  } finally {
    await connection.close()
  }
}

const msOf = (time: Seconds | null | undefined): number => Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6
