/** What of a control plane is looked up whenever metrics are collected. */
import type { Gateway } from '../gateway/server.js'
import type { Metrics } from '../observability/metrics.js'
import type { PresenceWatch } from '../server/agent-presence.js'
import { answerWithin, oneAtATime } from '../observability/answer-within.js'
import type { AuditTrail } from '../server/audit/audit-trail.js'
import { openInvocations } from '../server/invocations/count-open.js'
import type { Registry } from '../server/registry/open-registry.js'
import type { TemporalClients } from '../server/temporal-clients.js'

interface Observed {
  readonly registry: Registry
  readonly temporal: TemporalClients
  readonly presence: PresenceWatch
  readonly audit: AuditTrail
  readonly gateway: Gateway
}

/** @returns ends it */
export function observeControlPlane(
  metrics: Metrics,
  { registry, temporal, presence, audit, gateway }: Observed,
): () => void {
  const open = openInvocations(temporal)
  const counted = oneAtATime(() => registry.agents.countDeployments())
  const deployments = () => answerWithin(counted)
  const ends = [
    metrics.invocationsOpen.observe(async (set) => set(await open(), {})),
    metrics.pollsOpen.observe((set) => set(gateway.polls, {})),
    metrics.agentsOnline.observe((set) => set(presence.count, {})),
    metrics.auditFailures.observe((set) => set(audit.failures, {})),
    metrics.deployments.observe(async (set) => {
      const { online, offline } = await deployments()
      set(online, { state: 'online' })
      set(offline, { state: 'offline' })
    }),
    metrics.dependencyUp.observe(async (set) => {
      set(await answers(open()), { dependency: 'temporal' })
      set(await answers(deployments()), { dependency: 'registry' })
    }),
  ]
  return () => {
    for (const end of ends) end()
  }
}

const answers = (answer: Promise<unknown>): Promise<0 | 1> =>
  answer.then(
    () => 1,
    () => 0,
  )
