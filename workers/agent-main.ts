/**
 * The agent process: loads the bundled handlers, opens its session, runs the worker until it is told to stop.
 *
 *   node agent-main.js BUNDLE [FUNCTION]      ALIEN_URL, and ALIEN_TOKEN or ALIEN_TOKEN_FILE, in the environment;
 *                                             ALIEN_POLICY or ALIEN_POLICY_DEFAULT as in policy-location.ts;
 *                                             ALIEN_STATE_DIR, where the journal is kept (default: .alien);
 *                                             ALIEN_GRACE, how long handlers may go on (default: 10s);
 *                                             ALIEN_METRICS_PORT and ALIEN_METRICS_HOST, for Prometheus (default: none)
 *
 * Ends with 0 when asked to stop, with 78 when it is misconfigured, with 1 for anything that may pass.
 */
import { pathToFileURL } from 'node:url'
import type { NativeConnection } from '@temporalio/worker'
import { assertBindings } from '../bindings/configured-bindings.js'
import { fetchThroughProxy } from '../client/fetch-through-proxy.js'
import { openJournal } from '../execution/journal/journal.js'
import { manifestOf } from '../execution/manifest.js'
import { Health } from '../observability/health.js'
import type { MetricsAddress } from '../observability/settings.js'
import { CommandError, type ErrorCode } from '../protocol/errors.js'
import { stateDir } from '../protocol/dev-state.js'
import { moduleRegistry } from '../sdk/registry.js'
import { EXIT_MISCONFIGURED, type AgentMessage } from './agent-exit.js'
import { checkBindings } from './agent-bindings.js'
import { connectAgent } from './agent-connection.js'
import { AgentEventSender } from './agent-events.js'
import { agentProbes } from './agent-probes.js'
import { startAgentService } from './agent-service.js'
import { askPresence, openAgentSession } from './agent-session.js'
import { readAgentToken } from './agent-token.js'
import { openCustomerPolicy } from './customer-policy.js'
import { parseGrace } from './grace.js'
import { journalFile } from './journal-file.js'
import { createLogger, toggleDebugOnSignal } from './logger.js'
import { openProcessTelemetry } from './process-telemetry.js'
import { HeartbeatStandIn } from './stand-in.js'

const MISCONFIGURED: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'conflict',
  'unauthenticated',
  'permission_denied',
])

/** How long an agent that is told to stop goes on to tell what its handlers said last. */
const LAST_EVENTS_MS = 2_000

const log = createLogger('agent')
toggleDebugOnSignal(log)
const stop = new AbortController()
const stopOrEnd = () => {
  if (stop.signal.aborted) process.exit(1)
  stop.abort()
}
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  // The second ends this process at once. One of each is one: a terminal interrupts us, and our supervisor asks us to stop.
  process.once(signal, () => {
    stop.abort()
    process.once(signal, stopOrEnd)
  })
}
// Whoever supervises this process is gone; an agent that nobody can stop must not live on.
process.on('disconnect', stopOrEnd)
// Else one promise that a handler forgot would end all that runs here, and again when that is delivered anew.
process.on('unhandledRejection', (reason) => {
  // The message may have what is no business of a log.
  const { name, stack = '' } = reason instanceof Error ? reason : { name: typeof reason }
  const at = stack.split('\n').filter((line) => line.startsWith('    at '))
  log.error({ at }, `a promise was rejected (${name}), and nobody had awaited it; await it in the handler, or catch it`)
})

async function run([bundle, functionName = '']: string[]): Promise<void> {
  const { ALIEN_URL: url } = process.env
  if (!bundle || !url) throw new CommandError('invalid_request', 'needs a bundle and ALIEN_URL')
  const token = readAgentToken(process.env)
  // Those of workers that were replaced too: they still report what their handlers come to.
  const connections = new Set<NativeConnection>()
  let events: AgentEventSender | undefined = undefined
  const standIn = new HeartbeatStandIn({ url, token: token.current, log })
  token.onRotated((rotated) => {
    // One that is closed takes no key any more.
    for (const each of connections) each.setApiKey(rotated).catch(() => connections.delete(each))
    events?.setToken(rotated)
    standIn.setToken(rotated)
  })
  checkBindings(process.env, log)
  // Before handlers are loaded, which may use OpenTelemetry themselves.
  const health = new Health(log)
  const telemetry = await openProcessTelemetry('alien-agent', metricsAddress(process.env), log, health)
  // Before the vendor's code, which runs in this process, can change where the policy is looked for.
  const gate = await openCustomerPolicy(process.env, log)
  const state = stateDir(process.env)
  await loadHandlers(bundle)
  // A built function brings links of its own.
  assertBindings(process.env)
  const session = await openAgentSession({
    url,
    token: token.current,
    functionName,
    commands: manifestOf(moduleRegistry),
  })
  const journal = await openJournal(journalFile(state, session.deployment.id), (message) => log.error(message))
  const fetch = fetchThroughProxy(url)
  events = new AgentEventSender({
    url,
    token: token.current,
    fetch,
    onTrouble: (reason) => log.warn(`what handlers say cannot be told to those who follow them: ${reason}`),
  })
  const service = await startAgentService({
    registry: moduleRegistry,
    session,
    connect: async (key) => {
      const connection = await connectAgent({ url, token: token.current, key, log, meter: telemetry.meter })
      connections.add(connection)
      // It may have been replaced while this connected.
      await connection.setApiKey(token.current)
      return connection
    },
    isReceiving: (key) => askPresence({ url, token: token.current, key, fetch }),
    gate,
    journal,
    openEvents: events.open,
    openStandIn: standIn.open,
    log,
    metrics: telemetry.metrics,
    graceMs: parseGrace(process.env['ALIEN_GRACE']),
    signal: stop.signal,
  })
  health.needs(agentProbes(service, stop.signal))
  tell({ kind: 'ready', deployment: session.deployment.name, commands: moduleRegistry.names })
  await service.done
  await events.close(LAST_EVENTS_MS)
  await telemetry.close()
}

function metricsAddress({
  ALIEN_METRICS_PORT: port,
  ALIEN_METRICS_HOST: host,
}: NodeJS.ProcessEnv): MetricsAddress | undefined {
  return port ? { host: host || '127.0.0.1', port: Number(port) } : undefined
}

async function loadHandlers(bundle: string): Promise<void> {
  try {
    await import(pathToFileURL(bundle).href)
  } catch (error) {
    if (error instanceof CommandError) throw error
    const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    throw new CommandError('invalid_request', `the handlers' module threw while it was loaded: ${reason}`, {
      cause: error,
    })
  }
  if (moduleRegistry.names.length === 0) {
    throw new CommandError(
      'invalid_request',
      "the handlers' module defines no command; call command(name, handler) in it",
    )
  }
}

function tell(message: AgentMessage): void {
  process.send?.(message)
}

try {
  await run(process.argv.slice(2))
  process.exit(0)
} catch (thrown) {
  const error = CommandError.from(thrown)
  log.error(error.message)
  tell({ kind: 'failed', reason: error.message })
  process.exit(MISCONFIGURED.has(error.code) ? EXIT_MISCONFIGURED : 1)
}
