/**
 * How long an invocation may take and what is tried again. Declared with the command, overridden by the caller,
 * resolved once by the server, carried out by the workflow.
 */
import * as z from 'zod'
import { notADuration, parseDuration } from './duration.js'
import type { ResolvedPolicy } from './invocation.js'
import { strictObject } from './strict-object.js'
import { numberWithin, wholeNumber, yesOrNo } from './told-rules.js'

const DAY_MS = 86_400_000

/** A duration as text or milliseconds; its output is milliseconds. */
export function durationSchema(minMs: number, maxMs: number) {
  const error = ({ input }: { readonly input?: unknown }): string => notADuration(input, minMs, maxMs)
  return z.union([z.string(), z.number()], { error }).transform((value, context) => {
    const parsedMs = parseDuration(value)
    if (parsedMs !== undefined && parsedMs >= minMs && parsedMs <= maxMs) return parsedMs
    context.addIssue({ code: 'custom', message: notADuration(value, minMs, maxMs) })
    return z.NEVER
  })
}

const retryFields = strictObject({
  /** Runs of the handler in all, the first included. */
  maxAttempts: wholeNumber(1, 100).optional(),
  initialInterval: durationSchema(1, DAY_MS).optional(),
  backoffCoefficient: numberWithin(1, 10).optional(),
  maxInterval: durationSchema(1, DAY_MS).optional(),
  /** `code`s or `name`s of handler errors that are final in spite of `maxAttempts`. */
  nonRetryableCodes: z.array(z.string().max(200)).max(100).optional(),
})

const retrySchema = retryFields.refine(
  ({ initialInterval = 0, maxInterval = Infinity }) => initialInterval <= maxInterval,
  { path: ['initialInterval'], error: 'the first pause must not be longer than maxInterval, the longest' },
)

/** The policy as it is written, by the command's author or by the caller. */
export const policySchema = strictObject({
  /** Time for one attempt. Default: none, as long as the agent is alive. */
  timeout: durationSchema(1, 365 * DAY_MS).optional(),
  /** Time an invocation may wait for an agent. Default 1 h, or `timeout` when only the caller gave that. */
  queueTimeout: durationSchema(1, 30 * DAY_MS).optional(),
  /** Time for all of it, from acceptance to the end. Default: none. */
  deadline: durationSchema(1, 365 * DAY_MS).optional(),
  /** Silence after which an agent counts as lost. Agents heartbeat by themselves, twice a second. */
  heartbeatTimeout: durationSchema(2_000, DAY_MS).optional(),
  /** Trying again after the handler threw. Default: one attempt, and 10 after a `RetryableError`. */
  retry: retrySchema.optional(),
  /** Never enter the handler twice: one that died with its agent ends the invocation as `outcome_unknown`. */
  atMostOnce: yesOrNo().optional(),
  /** Handlers of it that one agent runs at once; others wait their turn. Default: as many as come. For the author to say. */
  concurrency: wholeNumber(1, 100).optional(),
  /** Whether the caller may see the handler's stack traces. */
  exposeStack: yesOrNo().optional(),
})

/** What an author or a caller writes. */
export type PolicyInput = z.input<typeof policySchema>
/** The same, checked, in milliseconds. */
export type Policy = z.output<typeof policySchema>

/** Lost agents are noticed after 8 s, so that the next one has the work within 10 s. */
const DEFAULT_HEARTBEAT_TIMEOUT_MS = 8_000
const DEFAULT_QUEUE_TIMEOUT_MS = 3_600_000
/** Or the first pause, where that is longer. */
const DEFAULT_MAX_INTERVAL_MS = 100_000
/** Nobody said how often, and the handler asked for it: with the default intervals, within 6 minutes. */
const DEFAULT_RETRYABLE_ATTEMPTS = 10

/**
 * Of a deployment that is pushed to. Its messages may wait in a queue and its function may have to start before
 * anything is heard, and sending them again sooner would only lengthen the queue.
 */
export const PUSH_HEARTBEAT_TIMEOUT_MS = 60_000

/**
 * Defaults < the command's own policy < the caller's, which is within the command's bounds (`policy-bounds.ts`). What a
 * caller may not decide (`concurrency`, `exposeStack`) is the command's.
 */
export function resolvePolicy(
  command: Policy,
  caller: Policy,
  defaultHeartbeatTimeoutMs = DEFAULT_HEARTBEAT_TIMEOUT_MS,
): ResolvedPolicy {
  const merged = { ...command, ...caller }
  const retry = { ...command.retry, ...caller.retry }
  const initialIntervalMs = retry.initialInterval ?? 1_000
  const ownQueueTimeout = caller.queueTimeout ?? min(command.queueTimeout, caller.timeout)
  return {
    timeoutMs: merged.timeout ?? null,
    queueTimeoutMs: ownQueueTimeout ?? DEFAULT_QUEUE_TIMEOUT_MS,
    deadlineMs: merged.deadline ?? null,
    heartbeatTimeoutMs: merged.heartbeatTimeout ?? defaultHeartbeatTimeoutMs,
    retry: {
      maxAttempts: retry.maxAttempts ?? 1,
      maxRetryableAttempts: retry.maxAttempts ?? DEFAULT_RETRYABLE_ATTEMPTS,
      initialIntervalMs,
      backoffCoefficient: retry.backoffCoefficient ?? 2,
      maxIntervalMs: retry.maxInterval ?? Math.max(DEFAULT_MAX_INTERVAL_MS, initialIntervalMs),
      nonRetryableCodes: [...new Set([command, caller].flatMap((policy) => policy.retry?.nonRetryableCodes ?? []))],
    },
    atMostOnce: command.atMostOnce === true || caller.atMostOnce === true,
    ...(command.concurrency === undefined ? {} : { concurrency: command.concurrency }),
    exposeStack: command.exposeStack === true,
  }
}

function min(a: number | undefined, b: number | undefined): number | undefined {
  if (a === undefined) return b
  return b === undefined ? a : Math.min(a, b)
}
