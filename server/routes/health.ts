/** `/healthz`: the process answers. `/readyz`: everything it needs does, with the reason when not. */
import { status as grpc } from '@grpc/grpc-js'
import { isGrpcServiceError, ServiceError } from '@temporalio/client'
import { CommandError } from '../../protocol/errors.js'
import { answerWithin, NoAnswerError } from '../answer-within.js'
import type { Exchange, Route } from '../route.js'
import type { ServerDeps } from '../server-deps.js'

interface Check {
  readonly ok: boolean
  readonly latencyMs: number
  /** For anybody to read: no address, no name of a user, no SQL. The log has the error. */
  readonly reason?: string
}

interface Probe {
  readonly ask: (deadlineMs: number) => unknown
  readonly reasonOf: (error: unknown) => string
}

export const HEALTH_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/healthz', credential: 'public', handle: healthz },
  { method: 'GET', path: '/readyz', credential: 'public', handle: readyz },
]

function healthz({ response }: Exchange): void {
  response.json({ status: 'ok' })
}

/** All are asked at once, so it takes no longer than the slowest may. */
async function readyz({ deps, response }: Exchange): Promise<void> {
  const asked = Object.entries(probesOf(deps)).map(
    async ([name, probe]) => [name, await check(name, probe, deps)] as const,
  )
  const checks: Record<string, Check> = {
    ...Object.fromEntries(await Promise.all(asked)),
    ...(deps.draining.aborted ? { server: { ok: false, latencyMs: 0, reason: 'shutting down' } } : {}),
  }
  const ready = Object.values(checks).every(({ ok }) => ok)
  response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready', checks })
}

function probesOf({ registry, temporal, workerState }: ServerDeps): Record<string, Probe> {
  const { connection, workflowService } = temporal.reader
  const describe = () => workflowService.describeNamespace({ namespace: temporal.namespace })
  return {
    registry: { ask: () => registry.ping(), reasonOf: registryReason },
    temporal: {
      ask: (deadlineMs) => connection.withDeadline(deadlineMs, describe),
      reasonOf: temporalReason,
    },
    ...(workerState && {
      worker: { ask: () => assertRunning(workerState()), reasonOf: (error) => (error as Error).message },
    }),
  }
}

async function check(name: string, { ask, reasonOf }: Probe, { log }: ServerDeps): Promise<Check> {
  const start = performance.now()
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10
  try {
    await answerWithin(ask)
    return { ok: true, latencyMs: latencyMs() }
  } catch (error) {
    log.warn({ err: error, check: name }, 'not ready')
    return {
      ok: false,
      latencyMs: latencyMs(),
      reason: error instanceof NoAnswerError ? error.message : reasonOf(error),
    }
  }
}

function registryReason(error: unknown): string {
  const { cause } = error as { cause?: { code?: unknown } }
  // PostgreSQL's class of codes for who may not log in.
  if (String(cause?.code).startsWith('28')) return 'the registry refuses the credentials'
  if (error instanceof CommandError && error.code === 'unavailable') return 'the registry cannot be reached'
  return 'the registry does not answer a query'
}

/** What passes by itself is tried again by the connection, until it is too late. */
const TEMPORAL_REASONS: Readonly<Partial<Record<number, string>>> = {
  [grpc.DEADLINE_EXCEEDED]: new NoAnswerError().message,
  [grpc.NOT_FOUND]: 'the namespace does not exist',
  [grpc.PERMISSION_DENIED]: 'Temporal refuses the credentials',
  [grpc.UNAUTHENTICATED]: 'Temporal refuses the credentials',
}

function temporalReason(error: unknown): string {
  const cause = error instanceof ServiceError ? error.cause : error
  return (isGrpcServiceError(cause) && TEMPORAL_REASONS[cause.code]) || 'Temporal answers with an error'
}

function assertRunning(state: string): void {
  if (state !== 'RUNNING') throw new Error(`the vendor worker is ${state}`)
}
