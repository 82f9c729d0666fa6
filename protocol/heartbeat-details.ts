/** What an attempt says of itself with each heartbeat, an agent's as well as a pushed one. */
import * as z from 'zod'
import { BEYOND_TOTAL, isWithinTotal, progressFields } from './agent-events.js'
import { WAITS_FOR_TURN } from './invocation.js'

/** The newest of the attempt, each time: what one heartbeat lacks is forgotten. */
export const heartbeatDetails = {
  /** It waits its turn, and its handler is not entered. */
  waitsFor: z.literal(WAITS_FOR_TURN).optional(),
  progress: z.strictObject(progressFields).refine(isWithinTotal, BEYOND_TOTAL).optional(),
  checkpoint: z.unknown().optional(),
}
