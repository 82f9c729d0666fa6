/** Composition root of the vendor's side: registry, Temporal, HTTP API, and by default the vendor worker beside them. */
import { setMaxListeners } from 'node:events'
import type { AuditSink } from '../protocol/audit.js'
import { NO_TELEMETRY, type Telemetry } from '../observability/telemetry.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { isLoopback } from '../protocol/loopback.js'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { Receiving } from '../protocol/receiving.js'
import { callerAddress, trustProxy, type TrustsProxy } from '../protocol/trust-proxy.js'
import type { KnownAgents } from '../gateway/authenticator.js'
import { connectUpstream } from '../gateway/upstream.js'
import { DEFAULT_POLL_LIMITS, type PollLimits } from '../gateway/open-polls.js'
import { createGateway, type Gateway } from '../gateway/server.js'
import { taskOf } from '../gateway/task-of.js'
import type { TaskTokenSeal } from '../gateway/task-token.js'
import { PresenceWatch } from '../server/agent-presence.js'
import { createApp } from '../server/app.js'
import { DEFAULT_AUDIT_RETENTION_MS, startAuditRetention } from '../server/audit/audit-retention.js'
import { AuditTrail } from '../server/audit/audit-trail.js'
import { InvocationFeed } from '../server/events/invocation-feed.js'
import { Authenticator } from '../server/identity/authenticator.js'
import {
  DEFAULT_AGENT_CALLS_PER_SECOND,
  DEFAULT_CALLS_PER_SECOND,
  RateLimiter,
  MANIFEST_CHANGES,
} from '../server/identity/rate-limiter.js'
import { TokenBuckets } from '../server/identity/token-buckets.js'
import { assertPrivate, listen, type ListenOptions } from '../server/listener.js'
import { ToldOutcomes } from '../server/invocations/told-outcomes.js'
import { LateRefusals } from '../server/late-refusals.js'
import { knownDeployments } from '../server/known-deployments.js'
import { openRegistry, type Registry, type RegistryOptions } from '../server/registry/open-registry.js'
import { TlsFiles, type CertificateFiles } from '../server/tls-files.js'
import { connectTemporal } from '../server/temporal-clients.js'
import { ensureSearchAttributes } from '../temporal/search-attributes.js'
import { connectNative, unreachable } from '../temporal/native-connection.js'
import type { TemporalSettings } from '../temporal/settings.js'
import type { PushDeps } from '../activities/push-command.js'
import { openOrClose, type Closers } from './closers.js'
import type { Logger } from './logger.js'
import { openKeys } from './open-keys.js'
import { observeCertificates } from './observe-certificates.js'
import { observeControlPlane } from './observe-control-plane.js'
import { openPush } from './open-push.js'
import { runWorker } from './run-worker.js'
import { createVendorWorker } from './vendor-worker.js'

export interface ControlPlaneOptions extends Omit<ListenOptions, 'tls'> {
  /** PEM files to serve TLS with. Default: plain text. */
  readonly tls?: CertificateFiles | undefined
  readonly registry: RegistryOptions
  /** An API key to accept, of at least 32 characters. Known before the first request is. */
  readonly apiKey?: { readonly name: string; readonly token: string } | undefined
  readonly temporal: TemporalSettings
  /**
   * Where the handler runtimes of push deployments reach this control plane, like `https://alien.example.com`. Default: its
   * own address when that is loopback, else nothing can be pushed.
   */
  readonly publicUrl?: string | undefined
  /** Base URL of Temporal's Web UI, for the links in answers. */
  readonly temporalUiUrl?: string | undefined
  /** Whether to run the vendor worker in this process; it lets workflows begin without a hop. */
  readonly vendorWorker: boolean
  /** Of 32 bytes each, for the task tokens of agents: the first seals, all open. Default: the registry's own. */
  readonly sealingKeys?: readonly [Buffer, ...Buffer[]] | undefined
  /** How many polls agents may hold. */
  readonly pollLimits?: PollLimits | undefined
  /**
   * Calls a second that each token may make, twice as many at once; 0 for no limit. So many wrong tokens may come from
   * an address. Default: 100.
   */
  readonly callsPerSecond?: number | undefined
  /** The same for each agent token at the gateway. Default: 2,000. */
  readonly agentCallsPerSecond?: number | undefined
  /** How long audit records are kept; 0: for ever. Default: a year. */
  readonly auditRetentionMs?: number | undefined
  /** Whose `x-forwarded-for` says who calls: how many proxies, or their addresses. Default: nobody's. */
  readonly trustProxy?: string | undefined
  /** Who is told what is counted. Default: nobody. */
  readonly telemetry?: Telemetry | undefined
  readonly log: Logger
}

export interface ControlPlane {
  readonly url: string
  readonly registry: Registry
  /** Rejects when the vendor worker in this process failed; settles after `close`. */
  readonly done: Promise<void>
  /** Answers what is held with what is known, then stops the worker and closes everything. */
  readonly close: () => Promise<void>
}

/** How long requests under way may take once the control plane is told to stop. Held ones are answered at once. */
const DRAIN_MS = 10_000

/**
 * @throws {CommandError} `unavailable` when Temporal or the registry cannot be reached
 * @throws {Error} when the port is in use
 */
export async function startControlPlane(options: ControlPlaneOptions): Promise<ControlPlane> {
  // Before anything is opened: what is wrong with the options does not depend on it.
  assertPrivate(options)
  const trustsProxy = trustProxy(options.trustProxy)
  const tls = tlsFiles(options)
  await tls?.read()
  return openOrClose((closers) => {
    const { temporal, telemetry = NO_TELEMETRY } = options
    closers.add(observeCertificates(telemetry.metrics, { tls, temporal }))
    return open(options, { trustsProxy, tls }, closers)
  })
}

/** What was read of the options. */
interface Checked {
  readonly trustsProxy: TrustsProxy
  readonly tls: TlsFiles | undefined
}

async function open(options: ControlPlaneOptions, checked: Checked, closers: Closers): Promise<ControlPlane> {
  const { log, temporal: settings, telemetry: { metrics } = NO_TELEMETRY } = options
  const { trustsProxy, tls } = checked
  const registry = await openRegistry(options.registry)
  closers.add(() => registry.close())
  if (options.apiKey !== undefined) await registry.apiKeys.create(options.apiKey)

  const told = new ToldOutcomes()
  const { seal, responseTokens } = await openKeys(options, registry, closers)
  const deployments = knownDeployments(registry)
  let { publicUrl } = options
  const push = openPush({ deployments, metrics, tokens: responseTokens, publicUrl: () => publicUrl }, closers)
  const worker = options.vendorWorker ? await openVendorWorker(options, told, push, closers) : undefined
  const temporal = await connectTemporal(settings, worker?.connection).catch(unreachable(settings))
  closers.add(temporal.close)
  await ensureSearchAttributes(temporal.reader.connection, settings.namespace, SEARCH_ATTRIBUTES)

  const audit = openAudit(options, registry, closers)
  const authenticator = new Authenticator(registry, responseTokens, callsPerSecond(options))
  const { feed, presence } = openWatches(options, registry, closers)
  const limits = limitsOf(options)
  const draining = new AbortController()
  // Every request that is held listens.
  setMaxListeners(0, draining.signal)
  const app = createApp(
    {
      registry,
      deployments,
      authenticator,
      ...limits,
      audit,
      feed,
      presence,
      taskOf: sealedTaskOf(seal),
      temporal,
      told,
      temporalUiUrl: options.temporalUiUrl,
      draining: draining.signal,
      sealsWithRegistry: options.sealingKeys === undefined,
      workerState: worker?.state,
      metrics,
      log,
    },
    trustsProxy,
  )
  const gateway = await openGateway(
    options,
    { registry, agents: authenticator.agents, callLimit: limits.agentRateLimiter, audit, seal, presence, trustsProxy },
    closers,
  )
  closers.add(observeControlPlane(metrics, { registry, temporal, presence, audit, gateway }))
  const listener = await listen({ http: app, http2: gateway.inject }, { ...options, tls })
  closers.add(() => Promise.all([listener.close(DRAIN_MS), gateway.drain(DRAIN_MS)]))
  closers.add(() => draining.abort())
  const url = `${listener.secure ? 'https' : 'http'}://${hostInUrl(listener.host)}:${listener.port}`
  if (isLoopback(listener.host)) publicUrl ??= url
  return {
    url,
    registry,
    done: worker?.done.then(() => undefined) ?? Promise.resolve(),
    close: () => closers.close(),
  }
}

const sealedTaskOf = (seal: TaskTokenSeal) => (sealed: Uint8Array, deploymentId: string) => {
  const token = seal.open(sealed, deploymentId)
  return token && taskOf(token)
}

/** How much each may ask for. */
const limitsOf = (options: ControlPlaneOptions) => ({
  rateLimiter: new RateLimiter(callsPerSecond(options)),
  agentRateLimiter: new RateLimiter(options.agentCallsPerSecond ?? DEFAULT_AGENT_CALLS_PER_SECOND),
  receiving: new Receiving(),
  manifestChanges: new TokenBuckets(MANIFEST_CHANGES),
  lateRefusals: new LateRefusals(),
  agentLimits: agentLimits(options),
})

const callsPerSecond = ({ callsPerSecond: given = DEFAULT_CALLS_PER_SECOND }: ControlPlaneOptions): number => given

const agentLimits = ({ pollLimits = DEFAULT_POLL_LIMITS }: ControlPlaneOptions) => ({
  polls: pollLimits.perAgent,
  maxResultBytes: MAX_PAYLOAD_BYTES,
})

const tlsFiles = ({ tls, log }: ControlPlaneOptions): TlsFiles | undefined =>
  tls && new TlsFiles(tls, (error) => log.error(`${error.message}; the one before stays in use`))

const hostInUrl = (host: string): string => (host.includes(':') ? `[${host}]` : host)

/** What is told of invocations, and who is there. */
function openWatches({ log }: ControlPlaneOptions, registry: Registry, closers: Closers) {
  const feed = new InvocationFeed(registry.invocationEvents, log)
  closers.add(() => feed.close())
  const presence = new PresenceWatch(registry.agents, log)
  closers.add(() => presence.close())
  return { feed, presence }
}

function openAudit(
  { auditRetentionMs = DEFAULT_AUDIT_RETENTION_MS, log }: ControlPlaneOptions,
  registry: Registry,
  closers: Closers,
): AuditTrail {
  const audit = new AuditTrail(registry.audit, log)
  closers.add(() => audit.close(DRAIN_MS))
  if (auditRetentionMs > 0) closers.add(startAuditRetention(registry.audit, auditRetentionMs, log).close)
  return audit
}

interface GatewayDeps {
  readonly registry: Registry
  readonly agents: KnownAgents
  readonly callLimit: RateLimiter
  readonly audit: AuditSink
  readonly seal: TaskTokenSeal
  readonly presence: PresenceWatch
  readonly trustsProxy: TrustsProxy
}

async function openGateway(
  { temporal: settings, pollLimits, telemetry, log }: ControlPlaneOptions,
  { registry, agents, callLimit, audit, seal, presence, trustsProxy }: GatewayDeps,
  closers: Closers,
): Promise<Gateway> {
  const upstream = await connectUpstream(settings).catch(unreachable(settings))
  closers.add(upstream.close)
  const gateway = createGateway({
    upstream,
    namespace: settings.namespace,
    seal,
    agents,
    addressOf: (connected, forwardedFor) => callerAddress(trustsProxy, connected, forwardedFor),
    liveTokens: (ids) => registry.agentTokens.live(ids),
    pollLimits,
    callLimit,
    audit,
    metrics: telemetry?.metrics,
    onPoll: ({ deployment, tokenId }, key, about) =>
      presence.polls({ ...about, deploymentId: deployment.id, key, tokenId }),
    onHeard: ({ deployment, tokenId }) => presence.heard({ deploymentId: deployment.id, tokenId }),
    log,
  })
  closers.add(() => gateway.close())
  return gateway
}

async function openVendorWorker(
  { temporal: settings, telemetry, log }: ControlPlaneOptions,
  told: ToldOutcomes,
  push: PushDeps,
  closers: Closers,
) {
  const connection = await connectNative(settings.connectionOptions, log, telemetry?.meter).catch(unreachable(settings))
  closers.add(() => connection.close())
  const worker = await createVendorWorker({
    connection,
    namespace: settings.namespace,
    onEnded: ({ id, outcome }) => told.tell(id, outcome),
    push,
    log,
    metrics: telemetry?.metrics,
  })
  const stop = new AbortController()
  const done = runWorker(worker, stop.signal)
  closers.add(() => {
    stop.abort()
    // A worker that failed has reported it through `done` already.
    return done.catch(() => undefined)
  })
  return { connection, done, state: () => worker.getState() }
}
