/** The span of a call to the API, below that of its caller. */
import { inSpan, SpanKind } from '../observability/tracing.js'
import { traceContext, type TraceContext } from '../protocol/trace-context.js'
import { asCommandError, statusOf } from './middleware/errors.js'
import type { ApiKeyRoute, Exchange } from './route.js'

/** As the caller's headers say. */
export const traceOfCaller = ({ request }: Pick<Exchange, 'request'>): TraceContext | undefined =>
  traceContext(request.get('traceparent'), request.get('tracestate'))

export function inServerSpan(
  { method, path }: ApiKeyRoute,
  exchange: Exchange,
  work: () => Promise<void>,
): Promise<void> {
  const attributes = {
    'http.request.method': method,
    'http.route': path,
    'alien.request.id': String(exchange.response.locals['requestId']),
  }
  const options = { kind: SpanKind.SERVER, attributes, parent: traceOfCaller(exchange) }
  return inSpan(`${method} ${path}`, options, async (span) => {
    try {
      await work()
      span.setAttribute('http.response.status_code', exchange.response.statusCode)
    } catch (error) {
      span.setAttribute('http.response.status_code', statusOf(asCommandError(error)))
      throw error
    }
  })
}
