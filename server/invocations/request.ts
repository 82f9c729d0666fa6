/** The body of `POST /v1/invocations`, checked. */
import { stringify } from 'safe-stable-stringify'
import { z } from 'zod'
import { MAX_CANCEL_REASON_LENGTH, type CancelRequest } from '../../protocol/cancel.js'
import { parseDuration } from '../../protocol/duration.js'
import { CommandError } from '../../protocol/errors.js'
import type { JsonValue } from '../../protocol/json.js'
import { MAX_PAYLOAD_BYTES, MAX_WAIT_MS } from '../../protocol/limits.js'
import { assertCommandName, assertInvocationId } from '../../protocol/names.js'
import { policySchema, type Policy } from '../../protocol/policy.js'
import { describeIssues } from '../../protocol/issues.js'

/** A time a request may be held: milliseconds or `"30s"`; more than 55 s is cut to that. */
export const waitSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const waitMs = parseDuration(value)
  if (waitMs !== undefined) return Math.min(waitMs, MAX_WAIT_MS)
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} must be a duration, like "30s" or 30000` })
  return z.NEVER
})

/** The overall limit as a duration, or as the instant when it must be over. */
const deadlineSchema = z.preprocess((value, context) => {
  const instant = typeof value === 'string' && /^\d{4}-\d\d-\d\dT/.test(value) ? Date.parse(value) : NaN
  if (Number.isNaN(instant)) return value
  const remainingMs = instant - Date.now()
  if (remainingMs > 0) return remainingMs
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} is in the past` })
  return z.NEVER
}, policySchema.shape.deadline)

const callerPolicy = policySchema.omit({ exposeStack: true })

const bodySchema = z.strictObject({
  deployment: z.string().min(1),
  command: z.string().min(1),
  // JSON by construction: it comes from a parsed body.
  params: z.unknown().optional(),
  id: z.string().optional(),
  idempotencyKey: z.string().min(1).max(255).optional(),
  wait: waitSchema.optional(),
  ...callerPolicy.shape,
  deadline: deadlineSchema,
})

export interface InvocationRequest {
  readonly deployment: string
  readonly command: string
  readonly params: JsonValue
  /** The params' JSON with sorted keys: the same for the same params. */
  readonly paramsJson: string
  readonly id: string | undefined
  readonly idempotencyKey: string | undefined
  readonly waitMs: number
  readonly policy: Policy
}

/** @throws {CommandError} `invalid_request` or `payload_too_large` */
export function parseInvocationRequest(body: unknown): InvocationRequest {
  const parsed = bodySchema.safeParse(body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad invocation: ${describeIssues(parsed.error)}`)
  const { deployment, command, params: given, id, idempotencyKey, wait = 0, ...policy } = parsed.data
  const params = (given === undefined ? {} : given) as JsonValue
  assertCommandName(command)
  if (id !== undefined) assertInvocationId(id)
  if (id !== undefined && idempotencyKey !== undefined) {
    throw new CommandError('invalid_request', 'give id or idempotencyKey, not both: the key decides on the id')
  }
  const paramsJson = sortedJson(command, params)
  const bytes = Buffer.byteLength(paramsJson)
  if (bytes > MAX_PAYLOAD_BYTES) {
    throw new CommandError(
      'payload_too_large',
      `the params of "${command}" are ${bytes} bytes of JSON, the limit is ${MAX_PAYLOAD_BYTES}; send less, or store them and send where they are`,
      { details: { side: 'params', bytes, maxBytes: MAX_PAYLOAD_BYTES } },
    )
  }
  return { deployment, command, params, paramsJson, id, idempotencyKey, waitMs: wait, policy: withoutUndefined(policy) }
}

const cancelSchema = z.strictObject({
  reason: z.string().min(1).max(MAX_CANCEL_REASON_LENGTH).optional(),
  wait: waitSchema.default(MAX_WAIT_MS),
})

/** The body of `POST /v1/invocations/{id}/cancel`, which may be missing. @throws {CommandError} `invalid_request` */
export function parseCancelRequest(body: unknown = {}): CancelRequest & { readonly waitMs: number } {
  const parsed = cancelSchema.safeParse(body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad cancel: ${describeIssues(parsed.error)}`)
  const { wait: waitMs, reason } = parsed.data
  return { waitMs, ...(reason === undefined ? {} : { reason }) }
}

function sortedJson(command: string, params: JsonValue): string {
  try {
    return stringify(params)
  } catch (error) {
    if (!(error instanceof RangeError)) throw error
    throw new CommandError('invalid_request', `the params of "${command}" are nested too deeply; send them flatter`)
  }
}

const withoutUndefined = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, entry]) => entry !== undefined)) as T
