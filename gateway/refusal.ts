import { status } from '@grpc/grpc-js'

/** Why a call does not get through, as the agent is told. */
export class Refusal extends Error {
  override readonly name = 'Refusal'
  readonly code: status

  constructor(code: status, message: string) {
    super(message)
    this.code = code
  }
}

/** A queue is not the agent's, as far as is known of the agent: it may be newer than that. */
export class ForeignQueue extends Refusal {
  constructor() {
    super(status.PERMISSION_DENIED, 'this is not your task queue')
  }
}

export const denied = (message: string): Refusal => new Refusal(status.PERMISSION_DENIED, message)
export const malformed = (message: string): Refusal => new Refusal(status.INVALID_ARGUMENT, message)
/** What may pass: the SDK's worker tries again for good, where a denial would end it within a minute. */
export const unavailable = (message: string): Refusal => new Refusal(status.UNAVAILABLE, message)
