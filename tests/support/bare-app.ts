/** The app of the HTTP API by itself, without a port, to look at what it is made of. */
import type { Express } from 'express'
import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import pino from 'pino'
import { onTestFinished } from 'vitest'
import { scratchDirectory } from '../../bindings/scratch.testsuite.js'
import { NO_METRICS } from '../../observability/metrics.js'
import { MAX_PAYLOAD_BYTES } from '../../protocol/limits.js'
import { Receiving } from '../../protocol/receiving.js'
import { ResponseTokens } from '../../protocol/response-token.js'
import { PresenceWatch } from '../../server/agent-presence.js'
import { createApp } from '../../server/app.js'
import { AuditTrail } from '../../server/audit/audit-trail.js'
import { InvocationFeed } from '../../server/events/invocation-feed.js'
import { Authenticator } from '../../server/identity/authenticator.js'
import { MANIFEST_CHANGES, RateLimiter } from '../../server/identity/rate-limiter.js'
import { TokenBuckets } from '../../server/identity/token-buckets.js'
import { ToldOutcomes } from '../../server/invocations/told-outcomes.js'
import { knownDeployments } from '../../server/known-deployments.js'
import { LateRefusals } from '../../server/late-refusals.js'
import { openRegistry } from '../../server/registry/open-registry.js'
import type { ServerDeps } from '../../server/server-deps.js'
import { connectTemporal } from '../../server/temporal-clients.js'
import { trustProxy } from '../../protocol/trust-proxy.js'
import { plainTemporal } from '../../temporal/settings.js'

/** What it is made of is closed when the test is over. */
export async function bareApp(
  temporalAddress: string,
  { draining = new AbortController().signal, workerState }: Partial<Pick<ServerDeps, 'draining' | 'workerState'>> = {},
): Promise<Express> {
  const registry = await openRegistry({ file: join(await scratchDirectory(), 'registry.db') })
  const temporal = await connectTemporal(plainTemporal(temporalAddress, 'default'))
  const log = pino({ level: 'silent' })
  const audit = new AuditTrail(registry.audit, log)
  const feed = new InvocationFeed(registry.invocationEvents, log)
  const presence = new PresenceWatch(registry.agents, log)
  onTestFinished(async () => {
    await presence.close()
    await feed.close()
    await audit.close(0)
    await registry.close()
    await temporal.close()
  })
  return createApp(
    {
      registry,
      deployments: knownDeployments(registry),
      temporal,
      log,
      audit,
      feed,
      presence,
      taskOf: () => undefined,
      authenticator: new Authenticator(registry, new ResponseTokens([randomBytes(32)]), 0),
      rateLimiter: new RateLimiter(0),
      agentRateLimiter: new RateLimiter(0),
      receiving: new Receiving(),
      manifestChanges: new TokenBuckets(MANIFEST_CHANGES),
      lateRefusals: new LateRefusals(),
      told: new ToldOutcomes(),
      temporalUiUrl: undefined,
      draining,
      agentLimits: { polls: 20, maxResultBytes: MAX_PAYLOAD_BYTES },
      sealsWithRegistry: true,
      workerState,
      metrics: NO_METRICS,
    },
    trustProxy(undefined),
  )
}
