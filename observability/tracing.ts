/**
 * Spans, by OpenTelemetry's API: they go where `telemetry.ts` sends them, or wherever the process has OpenTelemetry set
 * up to, and cost next to nothing when that is nowhere. No params, results or words of handlers are in them.
 */
import {
  context,
  propagation,
  SpanStatusCode,
  trace,
  type Attributes,
  type Context,
  type Span,
  type SpanOptions,
} from '@opentelemetry/api'
import type { DeploymentRef } from '../protocol/invocation.js'
import { traceContext, type TraceContext } from '../protocol/trace-context.js'

export { SpanKind } from '@opentelemetry/api'

/** By which spans of an invocation are found, whichever process they are of. */
export const invocationAttributes = (id: string, command: string, { name }: DeploymentRef): Attributes => ({
  'alien.invocation.id': id,
  'alien.command': command,
  'alien.deployment': name,
})

const tracer = () => trace.getTracer('alien')

/** Runs `work` in a span below `parent`, or below the span of now. */
export function inSpan<T>(
  name: string,
  options: SpanOptions & { readonly parent?: TraceContext | undefined },
  work: (span: Span) => T | Promise<T>,
): Promise<T> {
  return tracer().startActiveSpan(name, options, contextOf(options.parent), async (span) => {
    try {
      return await work(span)
    } catch (error) {
      span.setStatus({ code: SpanStatusCode.ERROR })
      throw error
    } finally {
      span.end()
    }
  })
}

/** A span of what is over now. */
export function spanOf(
  name: string,
  { durationMs, isFailure, ...options }: SpanOptions & { readonly durationMs: number; readonly isFailure: boolean },
  parent: TraceContext,
): void {
  const endMs = Date.now()
  const span = tracer().startSpan(name, { ...options, startTime: endMs - durationMs }, contextOf(parent))
  if (isFailure) span.setStatus({ code: SpanStatusCode.ERROR })
  span.end(endMs)
}

/** Of the span of now; `undefined` when there is none, or nobody has OpenTelemetry set up. */
export function currentTrace(): TraceContext | undefined {
  const carrier: Record<string, unknown> = {}
  propagation.inject(context.active(), carrier)
  return traceContext(carrier['traceparent'], carrier['tracestate'])
}

const contextOf = (parent: TraceContext | undefined): Context =>
  parent === undefined ? context.active() : propagation.extract(context.active(), parent)
