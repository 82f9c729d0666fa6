/** The body of `POST /v1/invocations`, checked. */
import { stringify } from 'safe-stable-stringify'
import { z } from 'zod'
import { MAX_CANCEL_REASON_LENGTH, type CancelRequest } from '../../protocol/cancel.js'
import { parseDuration } from '../../protocol/duration.js'
import { CommandError } from '../../protocol/errors.js'
import { MAX_PAYLOAD_BYTES, MAX_WAIT_MS } from '../../protocol/limits.js'
import { assertCommandName, assertInvocationId } from '../../protocol/names.js'
import { PING_COMMAND } from '../../protocol/ping.js'
import { policySchema, type Policy } from '../../protocol/policy.js'
import { isPlainObject, type JsonValue } from '../../protocol/json.js'
import { strictObject } from '../../protocol/strict-object.js'
import { describeIssues } from '../../protocol/issues.js'

/** A time a request may be held: milliseconds or `"30s"`; more than 55 s is cut to that. */
export const waitSchema = z.union([z.string(), z.number()]).transform((value, context) => {
  const waitMs = parseDuration(value)
  if (waitMs !== undefined) return Math.min(waitMs, MAX_WAIT_MS)
  context.addIssue({ code: 'custom', message: `${JSON.stringify(value)} must be a duration, like "30s" or 30000` })
  return z.NEVER
})

/** Until the instant that a deadline is given as; `undefined` when it is given as a duration. */
function remainingMs(deadline: unknown): number | undefined {
  const instant = typeof deadline === 'string' && /^\d{4}-\d\d-\d\dT/.test(deadline) ? Date.parse(deadline) : NaN
  return Number.isNaN(instant) ? undefined : instant - Date.now()
}

/** The overall limit as a duration, or as the instant when it must be over. */
const deadlineSchema = z.preprocess((value) => {
  const timeMs = remainingMs(value)
  return timeMs === undefined ? value : Math.max(timeMs, 1)
}, policySchema.shape.deadline)

const forTheAuthor = z.never({ error: "it is for the command's author to say, not for its caller" }).optional()

const bodySchema = strictObject({
  deployment: z.string().min(1),
  command: z.string().min(1),
  // JSON by construction: it comes from a parsed body.
  params: z.unknown().optional(),
  id: z.string().optional(),
  idempotencyKey: z.string().min(1).max(255).optional(),
  wait: waitSchema.optional(),
  failFast: z.boolean().optional(),
  ...policySchema.shape,
  deadline: deadlineSchema,
  concurrency: forTheAuthor,
  exposeStack: forTheAuthor,
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
  /** Whether it is to be refused when no agent is online. */
  readonly failFast: boolean
  readonly policy: Policy
  /** Its deadline, when that is an instant that has passed. */
  readonly overdue: string | undefined
}

/** @throws {CommandError} `invalid_request` or `payload_too_large` */
export function parseInvocationRequest(body: unknown): InvocationRequest {
  const parsed = bodySchema.safeParse(body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad invocation: ${describeIssues(parsed.error)}`)
  const { deployment, command, params: given, id, idempotencyKey, wait = 0, failFast = false, ...policy } = parsed.data
  const params = (given === undefined ? {} : given) as JsonValue
  if (command !== PING_COMMAND) assertCommandName(command)
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
  return {
    deployment,
    command,
    params,
    paramsJson,
    id,
    idempotencyKey,
    waitMs: wait,
    failFast,
    policy: withoutUndefined(policy),
    overdue: overdueOf(body),
  }
}

function overdueOf(body: unknown): string | undefined {
  const deadline = isPlainObject(body) ? body['deadline'] : undefined
  return (remainingMs(deadline) ?? 1) > 0 ? undefined : String(deadline)
}

const cancelSchema = strictObject({
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
