/** What agents say of the handlers that they run: `POST /v1/agent/events`. */
import * as z from 'zod'
import { LOG_LEVELS } from './events.js'
import { MAX_PROGRESS_MESSAGE } from './limits.js'

/** Greatest size of one log line, message and fields, in bytes; what is longer is cut by the agent. */
export const MAX_LINE_BYTES = 8_192
/** A line at its limit, were each of its letters escaped, and what is around it. */
export const MAX_EVENT_BYTES = 6 * MAX_LINE_BYTES + 1_024
/** What an agent keeps of one attempt while it cannot be sent, and so the most that comes at once. */
export const MAX_BUFFERED_EVENTS = 1_000

const at = z.iso.datetime()

/** Marks are added to a line that was cut. */
const MAX_LINE_CHARACTERS = MAX_LINE_BYTES + 100

/** Of a `ProgressReport`. */
export const progressFields = {
  done: z.number().min(0).optional(),
  total: z.number().min(0).optional(),
  message: z.string().max(MAX_PROGRESS_MESSAGE).optional(),
}

interface Counted {
  readonly done?: number | undefined
  readonly total?: number | undefined
}

export const isWithinTotal = ({ done = 0, total = Infinity }: Counted): boolean => done <= total
export const BEYOND_TOTAL = { path: ['done'], error: 'must not be more than total' }

const agentEventSchema = z.discriminatedUnion('type', [
  /** The handler was entered, and is not over at once. */
  z.strictObject({ type: z.literal('started') }),
  z.strictObject({ type: z.literal('progress'), at, ...progressFields }).refine(isWithinTotal, BEYOND_TOTAL),
  z.strictObject({
    type: z.literal('log'),
    at,
    level: z.enum(LOG_LEVELS),
    message: z.string().max(MAX_LINE_CHARACTERS),
    fields: z.record(z.string(), z.unknown()).optional(),
  }),
  z.strictObject({ type: z.literal('dropped'), count: z.int().min(1).max(1e12) }),
  /** Nothing follows from this attempt. */
  z.strictObject({ type: z.literal('finished') }),
])

export type AgentEvent = z.output<typeof agentEventSchema>

/** Events of one attempt. */
export const numberedEvents = {
  /** Number of the first event; the attempt's events are numbered from 1. What was sent twice is kept once. */
  first: z.int().min(1),
  events: z
    .array(agentEventSchema)
    .min(1)
    .max(MAX_BUFFERED_EVENTS + 10),
}

export const agentEventsRequestSchema = z.strictObject({
  /** One for each attempt that has something to say. */
  batches: z
    .array(
      z.strictObject({
        /** As the agent got it: says, and proves, which attempt of which invocation it is. */
        taskToken: z.base64().max(8_192),
        ...numberedEvents,
      }),
    )
    .max(1_000),
})

export type AgentEventsRequest = z.output<typeof agentEventsRequestSchema>
