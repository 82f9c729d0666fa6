/** Where OpenTelemetry's API, of whatever copy of its package, keeps what a process has set up. */
const OPENTELEMETRY = Symbol.for('opentelemetry.js.api.1')

/** Headers that say which trace a call belongs to. The API is loaded by processes that use it, and by no other. */
export async function traceHeaders(): Promise<Record<string, string>> {
  const headers: Record<string, string> = {}
  if (OPENTELEMETRY in globalThis) {
    const { context, propagation } = await import('@opentelemetry/api')
    propagation.inject(context.active(), headers)
  }
  return headers
}
