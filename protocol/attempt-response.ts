/** What the handler runtime of a push deployment reports, and what it is answered. */
import * as z from 'zod'
import { numberedEvents } from './agent-events.js'
import type { StoppedDetails } from './cancel.js'
import { ERROR_CODES, type ErrorBody, type ErrorCode } from './errors.js'
import { heartbeatDetails } from './heartbeat-details.js'
import type { JsonValue } from './json.js'
import { jsonValueSchema } from './json-value-schema.js'

/** How often a runtime heartbeats: a cancel is heard with the answer, and has to be within 2 s. */
export const PUSH_HEARTBEAT_INTERVAL_MS = 1_000

const checkpoint = z.unknown().optional()
const events = z.strictObject(numberedEvents).optional()
const attempt = z.int().min(1).max(1_000_000)
const shared = { attempt, checkpoint, events }

const errorSchema = z.strictObject({
  code: z.enum(Object.keys(ERROR_CODES) as [ErrorCode, ...ErrorCode[]]),
  // As long as the whole may be: `responseJson`.
  message: z.string(),
  details: z.unknown().optional(),
})

/** The body of `PUT /v1/invocations/{id}/response`, and what a function returns that is invoked and waited for. */
export const attemptResponseSchema = z.discriminatedUnion('status', [
  z.strictObject({ ...shared, status: z.literal('succeeded'), result: jsonValueSchema }),
  z.strictObject({ ...shared, status: z.literal('failed'), error: errorSchema }),
  /** The handler was told to stop. `stopped`: it did; else the runtime gave up waiting for it. */
  z.strictObject({
    ...shared,
    status: z.literal('canceled'),
    stopped: z.boolean(),
    entered: z.boolean(),
    /** Attempts that the runtime had of this one run of the handler. */
    attempts: attempt.optional(),
  }),
])

/** What an attempt came to. */
export type AttemptResponse = { readonly attempt: number; readonly checkpoint?: JsonValue | undefined } & (
  | { readonly status: 'succeeded'; readonly result: JsonValue }
  | { readonly status: 'failed'; readonly error: ErrorBody }
  | ({ readonly status: 'canceled' } & StoppedDetails)
)

/**
 * `recorded`: Temporal has it, and it counts if the workflow finds that it does, which nobody waits for. `late`: the
 * invocation had ended without it. Whoever reported need not, and must not, do anything about either.
 */
export type ResponseAnswer = { readonly recorded: true } | { readonly recorded: false; readonly reason: 'late' }

/** The body of `POST /v1/invocations/{id}/heartbeat`. */
export const attemptHeartbeatSchema = z.strictObject({
  attempt,
  ...heartbeatDetails,
  events,
})

export interface HeartbeatAnswer {
  /** The handler is to stop: report `canceled` once it has. */
  readonly cancelRequested: boolean
  /** The invocation is over: a handler not yet entered must not be, and nobody waits for one that was. */
  readonly final: boolean
}

export const responsePath = (invocationId: string): string => `/v1/invocations/${invocationId}/response`
export const heartbeatPath = (invocationId: string): string => `/v1/invocations/${invocationId}/heartbeat`
