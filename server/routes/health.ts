/** `/healthz`: the process answers. `/readyz`: everything it needs does, with the reason when not. */
import { Router } from 'express'
import type { Registry } from '../registry/open-registry.js'
import type { TemporalClients } from '../temporal-clients.js'

/** A dependency that takes longer than this to answer is not ready. */
const CHECK_TIMEOUT_MS = 2_000

interface Check {
  readonly ok: boolean
  readonly latencyMs: number
  readonly reason?: string
}

export interface HealthDeps {
  readonly registry: Registry
  readonly temporal: TemporalClients
  readonly draining: AbortSignal
  /** Of the vendor worker in this process; `undefined` when it runs elsewhere. */
  readonly workerState: (() => string) | undefined
}

export function healthRoutes({ registry, temporal, draining, workerState }: HealthDeps): Router {
  const router = Router()

  router.get('/healthz', (_request, response) => {
    response.json({ status: 'ok' })
  })

  router.get('/readyz', async (_request, response) => {
    const checks: Record<string, Check> = {
      registry: await check(() => registry.ping()),
      temporal: await check(() => temporal.reader.workflowService.describeNamespace({ namespace: temporal.namespace })),
      ...(workerState === undefined ? {} : { worker: await check(() => assertRunning(workerState())) }),
      ...(draining.aborted ? { server: { ok: false, latencyMs: 0, reason: 'shutting down' } } : {}),
    }
    const ready = Object.values(checks).every(({ ok }) => ok)
    response.status(ready ? 200 : 503).json({ status: ready ? 'ready' : 'not_ready', checks })
  })

  return router
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
