import { isPlainObject, type JsonValue } from '../protocol/json.js'
import { MAX_CHECKPOINT_BYTES } from '../protocol/limits.js'

/**
 * The checkpoint in what an agent's heartbeats carry; `undefined` when there is none. An agent may say anything: one
 * over the limit, which ours do not send, could not be handed on beside the params.
 */
export function checkpointOf(details: unknown): JsonValue | undefined {
  const checkpoint = isPlainObject(details) ? (details['checkpoint'] as JsonValue | undefined) : undefined
  if (checkpoint === undefined) return undefined
  return new TextEncoder().encode(JSON.stringify(checkpoint)).length > MAX_CHECKPOINT_BYTES ? undefined : checkpoint
}
