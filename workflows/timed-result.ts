/**
 * How results come into the workflows: as Temporal has them, and with the times that an agent noted beside its own. The
 * bundle names this file for its payload converter.
 */
import { defaultPayloadConverter, type PayloadConverter } from '@temporalio/workflow'
import { attemptTimes, TIMES_METADATA, type AttemptTimes } from '../protocol/attempt-times.js'
import type { JsonValue } from '../protocol/json.js'

export class TimedResult {
  readonly result: JsonValue
  readonly times: AttemptTimes | undefined

  constructor(result: JsonValue, times: AttemptTimes | undefined) {
    this.result = result
    this.times = times
  }
}

export const payloadConverter: PayloadConverter = {
  toPayload: (value) => defaultPayloadConverter.toPayload(value),
  // Whoever asks says what it is, and nobody checks: that is how the interface has it.
  fromPayload: (payload) => {
    const value: JsonValue = defaultPayloadConverter.fromPayload(payload)
    const times = payload.metadata?.[TIMES_METADATA]
    return (times ? new TimedResult(value, timesIn(times)) : value) as never
  },
}

/** What cannot be read must not stand in the way of the result. */
function timesIn(text: Uint8Array): AttemptTimes | undefined {
  try {
    return attemptTimes(JSON.parse(new TextDecoder().decode(text)))
  } catch {
    return undefined
  }
}
