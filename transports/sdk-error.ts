/** What the clouds' SDKs throw, made into a {@link DeliveryError}. */
import { BindingError } from '../bindings/binding-error.js'
import { cloudError } from '../bindings/cloud-error.js'
import { CommandError } from '../protocol/errors.js'
import { DeliveryError, type DeliveryErrorKind, type DeliveryLeg } from './delivery-error.js'

/** What one delivery is, for the message of its failure. */
export interface Target {
  /** The service, e.g. `Lambda`. */
  readonly service: string
  /** What is delivered to, e.g. `function arn:…`. */
  readonly resource: string
  /** What the sender needs, in the service's own words and with who needs it. */
  readonly permission: string
  /** What words of the service mean of which its status does not tell. */
  readonly verdicts?: Readonly<Record<string, Verdict>>
}

/** No connection was made, so nothing was sent. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])

/** Of a credential, though the service answers 403 or 400. */
const BAD_CREDENTIALS =
  /^(UnrecognizedClientException|InvalidSignatureException|ExpiredToken(Exception)?|InvalidClientTokenId|MissingAuthenticationTokenException|IncompleteSignature(Exception)?)$/

/** Of a token that could not be fetched just now: no connection, or whoever issues it is not well. */
const TOKEN_MAY_COME =
  /\b(ECONN(REFUSED|RESET|ABORTED)|ENOTFOUND|EAI_AGAIN|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH)\b|socket hang up|network_error|temporarily_unavailable|status code:? (408|429|5\d\d)/i

/** gRPC's own name of an error, which Google's library has at the head of its text alone. */
const GRPC_NAME = /^\d+ ([A-Z_]+): /

/** gRPC's words for a call that it never sent, with a code by which it might have been. */
const NO_TOKEN = /Getting metadata from plugin failed/
const NO_CONNECTION = /No connection established|Name resolution failed/

const ABOUT_CREDENTIALS = /Credential|Authentication|could not load the default/i

/** Amazon's, with a status of 400 in STS and others. */
const THROTTLED = /Throttl|TooManyRequests|RequestLimitExceeded|SlowDown/

/** What a service may say of a delivery: what that makes of it, what it is about, and the words. */
const VERDICTS = {
  credentials: [
    'rejected',
    'credentials',
    (code) =>
      `does not accept the vendor worker's credentials, or there are none (${code}); give its process some that are good`,
  ],
  no_token: [
    'not_now',
    'credentials',
    (code) => `was not asked: the vendor worker's credentials get no token now (${code})`,
  ],
  denied: ['rejected', 'delivery', (code, { permission }) => `denies it (${code}); allow ${permission}`],
  missing: ['rejected', 'delivery', (code) => `has no such thing (${code}); create it, or set the transport again`],
  disabled: ['rejected', 'delivery', (code) => `has it disabled (${code}); enable it`],
  refused: ['rejected', 'delivery', (code) => `refuses the message (${code})`],
  unstartable: [
    'rejected',
    'handler',
    (code) => `cannot start it, and nothing ran (${code}); put right what its configuration names`,
  ],
  busy: ['not_now', 'delivery', (code) => `does not take it now (${code})`],
  unreachable: ['not_now', 'delivery', (code) => `cannot be reached (${code})`],
  unconfirmed: ['unconfirmed', 'delivery', (code) => `did not say whether it took the message (${code})`],
} as const satisfies Record<string, [DeliveryErrorKind, DeliveryLeg, (code: string, target: Target) => string]>

export type Verdict = keyof typeof VERDICTS

/** @param code The service's own word for it, and its status where it has one */
export function verdictError(verdict: Verdict, target: Target, code: string, cause: unknown): DeliveryError {
  const [kind, leg, say] = VERDICTS[verdict]
  return new DeliveryError(kind, leg, `${target.resource}: ${target.service} ${say(code, target)}`, cause)
}

/** @param wasSent `false`: it failed before, so that whatever may pass is `not_now` */
export function deliveryError(target: Target, error: unknown, wasSent = true): DeliveryError | CommandError {
  if (error instanceof DeliveryError || error instanceof CommandError) return error
  // The SDK is not installed; the message has the command that installs it.
  if (error instanceof BindingError) return new DeliveryError('rejected', 'credentials', error.message, error)
  const { status, code } = cloudError(error)
  const said = target.verdicts?.[code] ?? verdictOf(error, status, code)
  const verdict = said === 'unconfirmed' && !wasSent ? (status === undefined ? 'unreachable' : 'busy') : said
  const withStatus = status !== undefined && (verdict === 'refused' || verdict === 'unconfirmed')
  return verdictError(verdict, target, grpcName(error) ?? (withStatus ? `${status} ${code}` : code), error)
}

const grpcName = (error: unknown): string | undefined =>
  error instanceof Error ? GRPC_NAME.exec(error.message)?.[1] : undefined

/** Of what a credential says when it gives no token. */
export const tokenVerdict = (message: string): Verdict => (TOKEN_MAY_COME.test(message) ? 'no_token' : 'credentials')

function verdictOf(error: unknown, status: number | undefined, code: string): Verdict {
  const message = error instanceof Error ? error.message : ''
  if (NO_TOKEN.test(message)) return tokenVerdict(message)
  if (NO_CONNECTION.test(message)) return 'unreachable'
  if (status === 401 || BAD_CREDENTIALS.test(code)) return 'credentials'
  if (status === undefined) {
    if (ABOUT_CREDENTIALS.test(code) || ABOUT_CREDENTIALS.test(message)) return 'credentials'
    return NOT_CONNECTED.has(code) ? 'unreachable' : 'unconfirmed'
  }
  if (status === 403) return 'denied'
  if (status === 404) return 'missing'
  if (status === 409 || status === 429 || THROTTLED.test(code)) return 'busy'
  return status >= 400 && status < 500 && status !== 408 ? 'refused' : 'unconfirmed'
}
