/**
 * What a push transport carries to a deployment's handler runtime: one JSON document, the whole of an attempt. It is in the
 * body of the message, never in what the transport itself has for metadata, since no two transports have the same.
 *
 * The vendor's clock and the runtime's may differ, so that the runtime counts durations (`attempt.timeoutMs`) from when
 * it has the envelope. `sentAt` and `deadlineAt` are instants of the vendor's clock, for people and for transports.
 */
import * as z from 'zod'
import { CommandError } from './errors.js'
import type { AttemptInput, DeploymentRef } from './invocation.js'
import { describeIssues } from './issues.js'
import { jsonProblem, type JsonValue } from './json.js'
import { jsonValueSchema } from './json-value-schema.js'
import { jsonDepth, MAX_JSON_DEPTH } from './json-depth.js'
import { isCommandName, isInvocationId } from './names.js'
import type { TraceContext } from './trace-context.js'

export const ENVELOPE_VERSION = 1

/** Greatest size of an envelope in bytes, as each service takes it. A queue of Service Bus says itself what it takes. */
export const ENVELOPE_MAX_BYTES = {
  'lambda request-response': 6 * 1024 * 1024,
  'lambda event': 1024 * 1024,
  pubsub: 10_000_000,
} as const

const LARGEST_ENVELOPE_BYTES = Math.max(...Object.values(ENVELOPE_MAX_BYTES))

/** How the runtime reports. Both addresses are of the control plane that the runtime knows; it checks that they are. */
interface EnvelopeResponse {
  /** `PUT` what it came to: `attemptResponseSchema`. */
  readonly url: string
  /** `POST` that the handler runs, and hear whether it shall stop: `attemptHeartbeatSchema`. */
  readonly heartbeatUrl: string
  /** `rsp_…`: goes along as `authorization: Bearer`. Good for this attempt of this run of the workflow. */
  readonly token: string
  /** ISO 8601, by the vendor's clock. */
  readonly expiresAt: string
  /** The function's own answer is waited for, and says what it came to: nothing is to be put to `url`. */
  readonly isReturned?: boolean | undefined
}

export interface Envelope {
  readonly version: typeof ENVELOPE_VERSION
  readonly invocationId: string
  /** Of the workflow: with `attempt.run` it names a run of the handler, for an invocation's id may be used again. */
  readonly workflowRunId: string
  readonly deployment: DeploymentRef
  readonly command: string
  readonly params: JsonValue
  readonly attempt: Omit<AttemptInput, 'invocationId' | 'deployment' | 'trace'>
  /** ISO 8601. */
  readonly sentAt: string
  /** ISO 8601: when all of it must be over. Absent: never. */
  readonly deadlineAt?: string | undefined
  /** W3C trace context. */
  readonly trace?: TraceContext | undefined
  readonly response: EnvelopeResponse
}

const count = z.int().min(0).max(1_000_000)
const instant = z.iso.datetime()
const httpUrl = z.url({ protocol: /^https?$/ }).max(2_000)

/** What may be in a header: a request that cannot be made at all would look as a control plane that cannot be reached. */
export const responseTokenSchema = z
  .string()
  .max(500)
  .regex(/^[\w.~+/-]+=*$/, 'is no bearer token')

const envelopeSchema = z.strictObject({
  version: z.literal(ENVELOPE_VERSION),
  invocationId: z.string().refine(isInvocationId, 'is no invocation id'),
  workflowRunId: z.string().min(1).max(100),
  deployment: z.strictObject({ id: z.string().min(1).max(100), name: z.string().min(1).max(100) }),
  command: z.string().refine(isCommandName, 'is no name of a command'),
  params: jsonValueSchema,
  attempt: z.strictObject({
    attempt: count.min(1),
    run: count.min(1),
    deliveredBefore: count,
    atMostOnce: z.boolean(),
    timeoutMs: z.number().min(0).nullable(),
    exposeStack: z.boolean(),
    checkpoint: z.unknown().optional(),
  }),
  sentAt: instant,
  deadlineAt: instant.optional(),
  trace: z.strictObject({ traceparent: z.string().max(100), tracestate: z.string().max(600).optional() }).optional(),
  response: z.strictObject({
    url: httpUrl,
    heartbeatUrl: httpUrl,
    token: responseTokenSchema,
    expiresAt: instant,
    isReturned: z.boolean().optional(),
  }),
})

/**
 * Reads what a transport delivered: JSON as text or UTF-8, or parsed already, as Lambda does.
 *
 * @throws {CommandError} `invalid_request`, naming the field; `payload_too_large` when no transport of ours sends as much
 */
export function parseEnvelope(delivered: unknown): Envelope {
  const parsed = isRaw(delivered) ? parseJson(delivered) : delivered
  const version = (parsed as { version?: unknown } | null | undefined)?.version
  if (typeof version === 'number' && version !== ENVELOPE_VERSION) {
    throw new CommandError(
      'invalid_request',
      `bad envelope: it is of version ${version}, and this runtime reads version ${ENVELOPE_VERSION}; give both sides the same version of @alienplatform/sdk`,
    )
  }
  const checked = envelopeSchema.safeParse(parsed)
  if (!checked.success) throw new CommandError('invalid_request', `bad envelope: ${describeIssues(checked.error)}`)
  return checked.data as Envelope
}

const isRaw = (delivered: unknown): delivered is string | Uint8Array =>
  typeof delivered === 'string' || delivered instanceof Uint8Array

function parseJson(raw: string | Uint8Array): unknown {
  const bytes = typeof raw === 'string' ? Buffer.from(raw) : raw
  if (bytes.length > LARGEST_ENVELOPE_BYTES) {
    throw new CommandError(
      'payload_too_large',
      `bad envelope: ${bytes.length} bytes, the limit is ${LARGEST_ENVELOPE_BYTES}`,
    )
  }
  if (jsonDepth(bytes) > MAX_JSON_DEPTH) {
    throw new CommandError('invalid_request', `bad envelope: its JSON is more than ${MAX_JSON_DEPTH} levels deep`)
  }
  try {
    return JSON.parse(Buffer.from(bytes).toString())
  } catch (error) {
    // Not the parser's own words, which quote what was sent.
    throw new CommandError('invalid_request', 'bad envelope: it is no JSON', { cause: error })
  }
}

/** The attempt as an agent's worker would have got it. */
export const attemptInputOf = ({ invocationId, deployment, attempt, trace }: Envelope): AttemptInput => ({
  invocationId,
  deployment,
  ...attempt,
  ...(trace === undefined ? {} : { trace }),
})

/**
 * The envelope's JSON as UTF-8.
 *
 * @param carrier What has the limit, for the message, e.g. `Pub/Sub`.
 * @throws {CommandError} `payload_too_large`; nothing was sent then
 */
export function encodeEnvelope(envelope: Envelope, carrier: string, maxBytes: number): Buffer {
  let encoded: Buffer
  try {
    encoded = Buffer.from(JSON.stringify(envelope))
  } catch (error) {
    throw new CommandError('invalid_request', `the params of "${envelope.command}": ${jsonProblem(error)}`)
  }
  if (encoded.length <= maxBytes) return encoded
  throw new CommandError(
    'payload_too_large',
    `the params of "${envelope.command}" make an envelope of ${encoded.length} bytes, the limit of ${carrier} is ${maxBytes}; send less, or store them and send where they are`,
    { details: { side: 'params', bytes: encoded.length, maxBytes } },
  )
}
