/** How a delivery is settled, by us and for good. */
import rhea, { type AmqpError, type Delivery } from 'rhea'

/** AMQP's outcomes by the names that rhea has for them, and its types leave out. */
export type OutcomeName = 'accepted' | 'rejected' | 'released' | 'modified'

const outcomes = rhea.message as unknown as Record<OutcomeName, (fields?: object) => { described(): unknown }>

export function settle(delivery: Delivery, outcome: OutcomeName, error?: AmqpError): void {
  // Microsoft's Python reads all three fields of an error without a look whether they are there.
  const fields = error && { error: { info: {}, ...error } }
  delivery.update(true, outcomes[outcome](fields).described())
}
