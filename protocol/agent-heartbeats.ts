/** Heartbeats of attempts whose agent cannot send them the usual way: `POST /v1/agent/heartbeats`. */
import * as z from 'zod'
import type { HeartbeatAnswer } from './attempt-response.js'
import { heartbeatDetails } from './heartbeat-details.js'

const MAX_HEARTBEATS = 1_000

export const agentHeartbeatsSchema = z.strictObject({
  attempts: z
    .array(
      z.strictObject({
        /** As the agent got it: says, and proves, which attempt of which invocation it is. */
        taskToken: z.base64().max(8_192),
        /** As in the attempt's own heartbeats. */
        details: z.strictObject(heartbeatDetails).optional(),
      }),
    )
    .max(MAX_HEARTBEATS),
})

/** One for each attempt, in their order. `final`: nobody waits for it any more. */
export interface AgentHeartbeatsAnswer {
  readonly attempts: readonly HeartbeatAnswer[]
}
