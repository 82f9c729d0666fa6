import type { Envelope } from '../protocol/envelope.js'

/** Delivers envelopes to one deployment, on the vendor's side. */
export interface Sender {
  /**
   * Resolves with what the function answered, where that is waited for; with `undefined` when the service has only
   * taken it on.
   *
   * @throws {DeliveryError}
   * @throws {CommandError} `payload_too_large`, before anything is sent
   */
  send(envelope: Envelope): Promise<unknown>
  close(): Promise<void>
}
