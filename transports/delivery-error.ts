/** Why an envelope was not delivered, or may not have been. */
import type { JsonValue } from '../protocol/json.js'

/** Which part of the way it is about. */
export type DeliveryLeg = 'credentials' | 'delivery' | 'handler'

/**
 *  rejected     for good, and nothing ran: there is something to be put right
 *  not_now      nothing ran, and the same may be taken later: throttled, unreachable
 *  unconfirmed  it may have been delivered: no answer came, or one that does not say
 */
export type DeliveryErrorKind = 'rejected' | 'not_now' | 'unconfirmed'

/** Its message names the resource and the remedy, and has nothing of what the service said beyond its error code. */
export class DeliveryError extends Error {
  override readonly name = 'DeliveryError'
  readonly kind: DeliveryErrorKind
  readonly leg: DeliveryLeg

  constructor(kind: DeliveryErrorKind, leg: DeliveryLeg, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.kind = kind
    this.leg = leg
  }

  /** For the `details` of the error that the invocation ends with. */
  get details(): JsonValue {
    return { leg: this.leg }
  }
}
