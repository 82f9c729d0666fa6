/** `/healthz`: the process answers. `/readyz`: everything it needs does, with the reason when not. */
import { httpStatusOf, ownProbe, readinessOf, workerProbe, type Probes } from '../../observability/readiness.js'
import { temporalProbe } from '../../temporal/probe.js'
import { registryProbe } from '../registry/registry-probe.js'
import type { Exchange, Route } from '../route.js'
import type { ServerDeps } from '../server-deps.js'

export const HEALTH_ROUTES: readonly Route[] = [
  { method: 'GET', path: '/healthz', credential: 'public', handle: healthz },
  { method: 'GET', path: '/readyz', credential: 'public', handle: readyz },
]

function healthz({ response }: Exchange): void {
  response.json({ status: 'ok' })
}

async function readyz({ deps, response }: Exchange): Promise<void> {
  const readiness = await readinessOf(probesOf(deps), deps.log)
  response.status(httpStatusOf(readiness)).json(readiness)
}

const probesOf = ({ registry, temporal, workerState, draining }: ServerDeps): Probes => ({
  registry: registryProbe(registry),
  temporal: temporalProbe(temporal.reader.connection, temporal.namespace),
  ...(workerState && { worker: workerProbe(workerState) }),
  ...(draining.aborted && { server: ownProbe(() => 'shutting down') }),
})
