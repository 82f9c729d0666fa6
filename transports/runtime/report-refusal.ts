/** Tells the control plane why a delivery was refused, where as much of it can be read, so that nobody waits for it. */
import * as z from 'zod'
import type { AttemptResponse } from '../../protocol/attempt-response.js'
import { responseTokenSchema } from '../../protocol/envelope.js'
import type { CommandError, ErrorCode } from '../../protocol/errors.js'
import { parseJson } from '../../protocol/json.js'
import { isInvocationId } from '../../protocol/names.js'
import { responseRoute } from './response-route.js'
import type { RuntimeSettings } from './runtime-settings.js'

/** Of an envelope of any version. */
const addressedSchema = z.object({
  invocationId: z.string().refine(isInvocationId),
  attempt: z.object({ attempt: z.int().min(1) }),
  response: z.object({ token: responseTokenSchema, isReturned: z.unknown().optional() }),
})

const MAX_REPORT_MS = 5_000

/**
 * Of the others there is nothing to tell: the control plane's own refusal it knows, a storage that cannot be had may pass,
 * and what is larger than any transport's is no envelope of the vendor's. That is not read: it could take all memory.
 */
const TOLD: ReadonlySet<ErrorCode> = new Set(['invalid_request', 'delivery_failed'])

/** Never rejects: what cannot be told comes again, until the transport gives it up. */
export async function reportRefusal(
  delivered: unknown,
  settings: RuntimeSettings,
  error: CommandError,
  withinMs: number,
): Promise<void> {
  if (!TOLD.has(error.code)) return
  const addressed = addressedSchema.safeParse(parsed(delivered))
  if (!addressed.success) return
  const { attempt } = addressed.data.attempt
  try {
    const route = responseRoute(addressed.data, settings)
    await route.report({ attempt, status: 'failed', error: error.toBody() }, Math.min(withinMs, MAX_REPORT_MS))
  } catch {
    // It is in the log why it was refused.
  }
}

/** The refusal as the answer that is waited for; `undefined` where nobody waits, or nobody knows for which attempt. */
export function returnedRefusal(delivered: unknown, error: CommandError): AttemptResponse | undefined {
  const addressed = addressedSchema.safeParse(parsed(delivered))
  if (!addressed.success || addressed.data.response.isReturned !== true) return undefined
  return { attempt: addressed.data.attempt.attempt, status: 'failed', error: error.toBody() }
}

function parsed(delivered: unknown): unknown {
  if (typeof delivered !== 'string' && !(delivered instanceof Uint8Array)) return delivered
  return parseJson(Buffer.from(delivered as Uint8Array).toString())
}
