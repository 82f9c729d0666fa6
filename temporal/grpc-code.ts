import { ServiceError } from '@temporalio/client'

/** The status of a call that failed, over either of Temporal's connections; `undefined` when gRPC had nothing to say. */
export function grpcCode(error: unknown): number | undefined {
  const cause = error instanceof ServiceError ? error.cause : error
  const code = cause instanceof Error ? (cause as { code?: unknown }).code : undefined
  return typeof code === 'number' ? code : undefined
}
