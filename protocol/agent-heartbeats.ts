/** Heartbeats of attempts whose agent cannot send them the usual way: `POST /v1/agent/heartbeats`. */
import * as z from 'zod'
import { BEYOND_TOTAL, isWithinTotal, progressFields } from './agent-events.js'
import type { HeartbeatAnswer } from './attempt-response.js'
import { WAITS_FOR_TURN } from './invocation.js'

const MAX_HEARTBEATS = 1_000

export const agentHeartbeatsSchema = z.strictObject({
  attempts: z
    .array(
      z.strictObject({
        /** As the agent got it: says, and proves, which attempt of which invocation it is. */
        taskToken: z.base64().max(8_192),
        /** As in the attempt's own heartbeats: what one lacks is forgotten. */
        details: z
          .strictObject({
            waitsFor: z.literal(WAITS_FOR_TURN).optional(),
            progress: z.strictObject(progressFields).refine(isWithinTotal, BEYOND_TOTAL).optional(),
            checkpoint: z.unknown().optional(),
          })
          .optional(),
      }),
    )
    .max(MAX_HEARTBEATS),
})

/** One for each attempt, in their order. `final`: nobody waits for it any more. */
export interface AgentHeartbeatsAnswer {
  readonly attempts: readonly HeartbeatAnswer[]
}
