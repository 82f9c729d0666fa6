/** Notes beside what an attempt comes to how long it took: for the vendor's side, which has no other way to know. */
import { ApplicationFailure, RawValue } from '@temporalio/common'
import type { Context } from '@temporalio/activity'
import type { ActivityInterceptors } from '@temporalio/worker'
import { waitedMs } from '../execution/attempt-budget.js'
import { TIMES_METADATA, type AttemptTimes } from '../protocol/attempt-times.js'
import type { AttemptInput } from '../protocol/invocation.js'

export function attemptTimesInterceptor({ info }: Context): ActivityInterceptors {
  return {
    inbound: {
      execute: async (input, next) => {
        const startMs = performance.now()
        const [, attempt] = input.args as [unknown, AttemptInput | undefined]
        const times = (): AttemptTimes => ({
          queuedMs: attempt === undefined ? 0 : waitedMs(attempt, info.scheduleToCloseTimeoutMs),
          runMs: Math.round(performance.now() - startMs),
        })
        try {
          return withTimes(await next(input), times())
        } catch (error) {
          throw error instanceof ApplicationFailure ? failureWithTimes(error, times()) : error
        }
      },
    },
  }
}

function withTimes(result: unknown, times: AttemptTimes): unknown {
  if (!(result instanceof RawValue)) return result
  const { metadata, data } = result.payload
  const noted = { ...metadata, [TIMES_METADATA]: Buffer.from(JSON.stringify(times)) }
  return RawValue.fromPayload({ metadata: noted, data: data ?? null })
}

function failureWithTimes(failure: ApplicationFailure, times: AttemptTimes): ApplicationFailure {
  const { message, type, nonRetryable, cause, nextRetryDelay, category } = failure
  const [said, heartbeat] = failure.details ?? []
  const details = [said, { ...(heartbeat as object | undefined), times }]
  return new ApplicationFailure(message, type, nonRetryable, details, cause, nextRetryDelay, category)
}
