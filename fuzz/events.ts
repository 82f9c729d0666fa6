/** What handlers say, as an agent sends it: JSON from a stranger. */
import fc from 'fast-check'
import { agentEventsRequestSchema, MAX_BUFFERED_EVENTS } from '../protocol/agent-events.js'
import { bodyFuzzer } from './body-fuzzer.js'

const numbers = fc.oneof(fc.constantFrom(0, 1, -1, 1e300, 1e12, 1e12 + 1, 0.5), fc.jsonValue())
const texts = fc.oneof(fc.constantFrom('', '\u0000', 'x'.repeat(1_001), 'x'.repeat(8_293), '__proto__'), fc.jsonValue())

const event = fc.record(
  {
    type: fc.oneof(fc.constantFrom('started', 'progress', 'log', 'dropped', 'finished', 'ended'), fc.jsonValue()),
    at: fc.oneof(fc.constant('2030-01-01T00:00:00.000Z'), texts),
    level: fc.oneof(fc.constantFrom('debug', 'error', 'fatal'), texts),
    message: texts,
    fields: fc.oneof(fc.dictionary(fc.constantFrom('a', '__proto__', 'constructor'), fc.jsonValue()), fc.jsonValue()),
    done: numbers,
    total: numbers,
    count: numbers,
  },
  { requiredKeys: ['type'] },
)

const requests = fc.oneof(
  fc.record({
    batches: fc.array(
      fc.record({
        taskToken: fc.oneof(fc.base64String(), texts),
        first: numbers,
        events: fc.array(event, { maxLength: 3 }),
      }),
      { maxLength: 3 },
    ),
  }),
  fc.jsonValue(),
)

const KEYS: Readonly<Record<string, readonly string[]>> = {
  started: [],
  progress: ['at', 'done', 'total', 'message'],
  log: ['at', 'level', 'message', 'fields'],
  dropped: ['count'],
  finished: [],
}

export const EVENTS_FUZZER = bodyFuzzer('events', requests, agentEventsRequestSchema, (body) => {
  for (const { taskToken, first, events } of body.batches) {
    if (taskToken.length > 8_192 || !Number.isInteger(first) || first < 1) throw new Error('accepted: a bad batch')
    if (events.length === 0 || events.length > MAX_BUFFERED_EVENTS + 10) throw new Error('accepted: a bad number')
    for (const { type, ...rest } of events) {
      const foreign = Object.keys(rest).find((key) => KEYS[type]?.includes(key) !== true)
      if (foreign !== undefined) throw new Error(`accepted: ${type} with "${foreign}"`)
      if (JSON.stringify(rest).includes('\n')) throw new Error('accepted: a line break')
    }
  }
})
