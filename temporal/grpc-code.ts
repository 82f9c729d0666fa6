/**
 * The status of a call that failed, over either of Temporal's connections: the error's own, or that of what it was caused by
 * when Temporal's client has wrapped it. `undefined` when gRPC had nothing to say.
 */
export function grpcCode(error: unknown): number | undefined {
  if (!(error instanceof Error)) return undefined
  const { code } = error as { code?: unknown }
  return typeof code === 'number' ? code : grpcCode(error.cause)
}
