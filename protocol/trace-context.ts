/** Which trace something belongs to, as W3C has it. Needs no package: workflow code carries it. */

export interface TraceContext {
  readonly traceparent: string
  readonly tracestate?: string | undefined
}

const TRACEPARENT = /^(?!ff)[0-9a-f]{2}-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}$/
/** What W3C wants kept. */
const MAX_TRACESTATE = 512

/** `undefined` for what is none. A `tracestate` that is too long is left out, as W3C allows. */
export function traceContext(traceparent: unknown, tracestate?: unknown): TraceContext | undefined {
  if (typeof traceparent !== 'string' || !TRACEPARENT.test(traceparent)) return undefined
  if (typeof tracestate !== 'string' || tracestate === '' || tracestate.length > MAX_TRACESTATE) return { traceparent }
  return { traceparent, tracestate }
}

export const traceIdOf = ({ traceparent }: TraceContext): string => traceparent.slice(3, 35)
