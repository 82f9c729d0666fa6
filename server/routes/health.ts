/** `/healthz`: the process answers. `/readyz`: everything it needs does, with the reason when not. */
import type { Exchange, Route } from '../route.js'

/** A dependency that takes longer than this to answer is not ready. */
const CHECK_TIMEOUT_MS = 2_000

interface Check {
  readonly ok: boolean
  readonly latencyMs: number
  readonly reason?: string
}

export const HEALTH_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/healthz', credential: 'public', handle: healthz },
  { method: 'GET', path: '/readyz', credential: 'public', handle: readyz },
]

function healthz({ response }: Exchange): void {
  response.json({ status: 'ok' })
}

async function readyz({ deps: { registry, temporal, draining, workerState }, response }: Exchange): Promise<void> {
  const checks: Record<string, Check> = {
    registry: await check(() => registry.ping()),
    temporal: await check(() => temporal.reader.workflowService.describeNamespace({ namespace: temporal.namespace })),
    ...(workerState === undefined ? {} : { worker: await check(() => assertRunning(workerState())) }),
    ...(draining.aborted ? { server: { ok: false, latencyMs: 0, reason: 'shutting down' } } : {}),
  }
  const ready = Object.values(checks).every(({ ok }) => ok)
  response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready', checks })
}

async function check(probe: () => unknown): Promise<Check> {
  const start = performance.now()
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`no answer within ${CHECK_TIMEOUT_MS} ms`)), CHECK_TIMEOUT_MS)
  })
  try {
    await Promise.race([probe(), late])
    return { ok: true, latencyMs: latencyMs() }
  } catch (error) {
    return { ok: false, latencyMs: latencyMs(), reason: error instanceof Error ? error.message : String(error) }
  } finally {
    clearTimeout(timer)
  }
}

function assertRunning(state: string): void {
  if (state !== 'RUNNING') throw new Error(`the vendor worker is ${state}`)
}
