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
}

/** No connection was made, so nothing was sent. */
const NOT_CONNECTED: ReadonlySet<string> = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH'])

/** Of a credential, though the service answers 403 or 400. */
const BAD_CREDENTIALS =
  /^(UnrecognizedClientException|InvalidSignatureException|ExpiredToken(Exception)?|InvalidClientTokenId|MissingAuthenticationTokenException|IncompleteSignature(Exception)?)$/

const ABOUT_CREDENTIALS = /Credential|Authentication|could not load the default/i

export function deliveryError(target: Target, error: unknown): DeliveryError | CommandError {
  if (error instanceof DeliveryError || error instanceof CommandError) return error
  // The SDK is not installed; the message has the command that installs it.
  if (error instanceof BindingError) return new DeliveryError('rejected', 'credentials', error.message, error)
  const { service, resource, permission } = target
  const { status, code } = cloudError(error)
  const make = (kind: DeliveryErrorKind, leg: DeliveryLeg, what: string): DeliveryError =>
    new DeliveryError(kind, leg, `${resource}: ${service} ${what}`, error)
  if (status === 401 || BAD_CREDENTIALS.test(code) || (status === undefined && isAboutCredentials(error, code))) {
    return make(
      'rejected',
      'credentials',
      `does not accept the vendor worker's credentials, or there are none (${code}); give its process some that are good`,
    )
  }
  if (status === 403) return make('rejected', 'delivery', `denies it (${code}); allow ${permission}`)
  if (status === 404)
    return make('rejected', 'delivery', `has no such thing (${code}); create it, or set the transport again`)
  if (status === 409 || status === 429) return make('not_now', 'delivery', `does not take it now (${code})`)
  if (status !== undefined && status >= 400 && status < 500 && status !== 408) {
    return make('rejected', 'delivery', `refuses the message (${status} ${code})`)
  }
  if (status === undefined && NOT_CONNECTED.has(code)) return make('not_now', 'delivery', `cannot be reached (${code})`)
  const shown = status === undefined ? code : `${status} ${code}`
  return make('unconfirmed', 'delivery', `did not say whether it took the message (${shown})`)
}

const isAboutCredentials = (error: unknown, code: string): boolean =>
  ABOUT_CREDENTIALS.test(code) || (error instanceof Error && ABOUT_CREDENTIALS.test(error.message))
