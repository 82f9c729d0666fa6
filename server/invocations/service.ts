/** What the invocation routes work with. */
import type { Metrics } from '../../observability/metrics.js'
import type { KnownDeployments } from '../known-deployments.js'
import type { Registry } from '../registry/open-registry.js'
import type { TemporalClients } from '../temporal-clients.js'
import type { ToldOutcomes } from './told-outcomes.js'

export interface InvocationDeps {
  readonly registry: Registry
  readonly deployments: KnownDeployments
  readonly temporal: TemporalClients
  readonly told: ToldOutcomes
  /** Base URL of Temporal's Web UI, for links; `undefined` when it is not known. */
  readonly temporalUiUrl: string | undefined
  /** Aborts when the control plane drains: held requests are answered with what is known by then. */
  readonly draining: AbortSignal
  readonly metrics: Metrics
}

/** The page of one workflow in Temporal's Web UI. */
export function workflowLink(
  { temporal, temporalUiUrl }: InvocationDeps,
  id: string,
  runId?: string,
): { temporal?: string } {
  if (temporalUiUrl === undefined) return {}
  const path = ['namespaces', temporal.namespace, 'workflows', id, ...(runId === undefined ? [] : [runId, 'history'])]
  return { temporal: `${temporalUiUrl.replace(/\/+$/, '')}/${path.map(encodeURIComponent).join('/')}` }
}
