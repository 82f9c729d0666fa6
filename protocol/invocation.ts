/**
 * An invocation as the workflow carries it and as the API shows it. Needs no package: workflow code and the light
 * client both read this file.
 */
import type { AttemptResponse } from './attempt-response.js'
import type { AttemptTimes } from './attempt-times.js'
import type { ErrorBody } from './errors.js'
import type { JsonValue } from './json.js'
import type { TraceContext } from './trace-context.js'
import type { PushTransport } from './transport.js'

export interface DeploymentRef {
  readonly id: string
  readonly name: string
}

/** A command's policy with every default filled in; `null` is "no limit". */
export interface ResolvedPolicy {
  readonly timeoutMs: number | null
  readonly queueTimeoutMs: number
  readonly deadlineMs: number | null
  readonly heartbeatTimeoutMs: number
  readonly retry: {
    readonly maxAttempts: number
    /** The same, after a `RetryableError`; absent in invocations of before there was one. */
    readonly maxRetryableAttempts?: number
    readonly initialIntervalMs: number
    readonly backoffCoefficient: number
    readonly maxIntervalMs: number
    readonly nonRetryableCodes: readonly string[]
  }
  readonly atMostOnce: boolean
  /** Handlers of it that an agent runs at once; absent: as many as come. */
  readonly concurrency?: number
  readonly exposeStack: boolean
}

/** First argument of the `invokeCommand` workflow; the second is the params, kept apart so that they stay one payload. */
export interface InvokeCommandInput {
  readonly deployment: DeploymentRef
  readonly command: string
  /** Queue of the agents that have the command, or of the vendor workers, which push it. */
  readonly taskQueue: string
  /** Where it is pushed to; absent where agents pull. */
  readonly transport?: PushTransport['kind']
  readonly policy: ResolvedPolicy
  /** Whose trace it is part of; absent when there is none. */
  readonly trace?: TraceContext
}

/** What time an attempt has, as of its hand-over to Temporal. Durations, for the clocks of the two sides differ. */
interface AttemptBudget {
  /** Until the overall deadline; `null`: there is none. */
  readonly remainingMs: number | null
  /** It may wait so long for its handler to be entered. */
  readonly queueMs: number
  /** So long it waited before; absent from earlier control planes. Its agent lets the oldest begin first. */
  readonly waitedMs?: number
  /** The schedule-to-close time-out that Temporal was given: gateways take from it how long the attempt waited there. */
  readonly scheduleToCloseMs: number
}

/** What heartbeats say (`waitsFor`) while an attempt waits in its agent. */
export const WAITS_FOR_TURN = 'turn'

/** Second argument of a command's activity; the first is the params. */
export interface AttemptInput {
  readonly invocationId: string
  readonly deployment: DeploymentRef
  /** 1 for the first delivery. */
  readonly attempt: number
  /** Which run of the handler it is for: 1, and one more each time that a run ended badly and is tried again. */
  readonly run: number
  /** Earlier deliveries of this run that an agent took, and of which nothing came back. */
  readonly deliveredBefore: number
  readonly atMostOnce: boolean
  /** Time its handler has, counted by the agent's own clock from its entry; `null` is "no limit". */
  readonly timeoutMs: number | null
  /** Absent where no gateway can tell what it waited before: in push, and from earlier control planes. */
  readonly budget?: AttemptBudget
  readonly exposeStack: boolean
  /** The newest checkpoint of an earlier attempt; absent when there is none. */
  readonly checkpoint?: JsonValue
  /** Whose trace its handler is part of; absent when there is none. */
  readonly trace?: TraceContext
}

/** First argument of the activity that pushes an attempt; the second is the params. */
export interface PushInput {
  readonly command: string
  readonly attempt: AttemptInput
  /** When all of it must be over, ms since 1970 by Temporal's clock; `null` is "never". */
  readonly deadlineAtMs: number | null
}

/** The vendor worker's activity that pushes an attempt: resolves at once when the answer is waited for, else never. */
export type PushActivity = (push: PushInput, params: JsonValue) => Promise<AttemptResponse>

/** Kept with the workflow so that a second start under the same id can be told from the same call made again. */
export interface InvocationMemo {
  readonly deployment: DeploymentRef
  /** SHA-256 of the params' JSON with sorted keys, hex. */
  readonly paramsDigest: string
}

export const INVOCATION_STATUSES = ['queued', 'running', 'succeeded', 'failed', 'canceled', 'expired'] as const
export type InvocationStatus = (typeof INVOCATION_STATUSES)[number]

/** Whether it has ended, and its state will not change any more. */
export const isFinal = ({ status }: { readonly status: InvocationStatus }): boolean =>
  status !== 'queued' && status !== 'running'

/** What a queued invocation waits for. */
export interface Waiting {
  /**
   *  agent          none of the deployment is online
   *  free_agent     its agents are online, and none has taken it yet
   *  turn           an agent has it, and runs as many of the command as it may (`concurrency`)
   *  handler        it was pushed, and its handler was not heard of yet
   *  back_off       its next attempt
   *  vendor_worker  the next step of its workflow
   */
  readonly for: 'agent' | 'free_agent' | 'turn' | 'handler' | 'back_off' | 'vendor_worker'
  /** ISO 8601. */
  readonly since?: string
  /** ISO 8601: the end of a back-off. */
  readonly until?: string
  /** The same for people, with what is known of its agents. */
  readonly message: string
}

/** An invocation as the HTTP API shows it. */
export interface Invocation {
  readonly id: string
  readonly deployment: DeploymentRef
  readonly command: string
  readonly status: InvocationStatus
  /** Present when `succeeded`. */
  readonly result?: JsonValue
  /** Present when `failed`, `canceled` or `expired`. */
  readonly error?: ErrorBody
  /** Delivery now under way or waited for; absent once it ended. */
  readonly attempt?: number
  /** Present when `queued`, in the answers to `GET` without `wait`. */
  readonly waiting?: Waiting
  /** ISO 8601. Times are absent in the answer to a call that waited: Temporal is not asked a second time for them. */
  readonly createdAt?: string
  readonly endedAt?: string
  readonly links: {
    /** The invocation's workflow in Temporal's Web UI, when its address is known. */
    readonly temporal?: string
  }
}

/** What an invocation came to. */
export type Outcome = Pick<Invocation, 'status' | 'result' | 'error'>

export const succeededWith = (result: JsonValue): Outcome => ({ status: 'succeeded', result })

export function failedWith(error: ErrorBody): Outcome {
  if (error.code === 'deployment_offline') return { status: 'expired', error }
  return { status: error.code === 'canceled' ? 'canceled' : 'failed', error }
}

/** What an invocation was, once it has an outcome. Nothing in it is the caller's or the handler's. */
export interface InvocationSummary extends Partial<AttemptTimes> {
  readonly deployment: DeploymentRef
  readonly command: string
  /** How it is delivered. */
  readonly transport: PushTransport['kind'] | 'pull'
  /** Deliveries, those included that ran nothing. */
  readonly attempts: number
  /** From its start until its outcome, by Temporal's clock. */
  readonly durationMs: number
  readonly trace?: TraceContext
}

/** How the workflow tells the process that runs it, beside Temporal, what it came to. */
export type InvocationSinks = {
  readonly invocation: { ended(outcome: Outcome, summary: InvocationSummary): void }
}

/** A page of `GET /v1/invocations`. */
export interface InvocationPage {
  /** Without results: those may be large, and are had one by one. */
  readonly invocations: readonly Invocation[]
  /** Gets the next page; absent on the last. */
  readonly cursor?: string
}
