import type { DeliveryEnd } from './handler-runtime.js'

/** Whether the transport may forget the message; else it is to deliver it again. */
export const isDone = (end: DeliveryEnd): boolean =>
  end.kind === 'done' || (end.kind === 'unreported' && !end.redeliver)
