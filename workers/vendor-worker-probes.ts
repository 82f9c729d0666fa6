import type { Worker } from '@temporalio/worker'
import { workerProbe, type Probes } from '../observability/readiness.js'
import type { Registry } from '../server/registry/open-registry.js'
import { registryProbe } from '../server/registry/registry-probe.js'
import { temporalProbe } from '../temporal/probe.js'

/** What a vendor worker without a control plane around it needs to be ready. @param registry `undefined`: it pushes nothing */
export const vendorWorkerProbes = (
  worker: Pick<Worker, 'connection' | 'getState'>,
  namespace: string,
  registry: Registry | undefined,
): Probes => ({
  ...(worker.connection && { temporal: temporalProbe(worker.connection, namespace) }),
  ...(registry && { registry: registryProbe(registry) }),
  worker: workerProbe(() => worker.getState()),
})
