/**
 * The agent process: loads the bundled handlers, opens its session, runs the worker until it is told to stop.
 *
 *   node agent-main.js BUNDLE [FUNCTION]      ALIEN_URL, and ALIEN_TOKEN or ALIEN_TOKEN_FILE, in the environment;
 *                                             ALIEN_POLICY or ALIEN_POLICY_DEFAULT as in policy-location.ts
 *
 * Ends with 0 when asked to stop, with 78 when it is misconfigured, with 1 for anything that may pass.
 */
import { pathToFileURL } from 'node:url'
import { manifestOf } from '../activities/manifest.js'
import { CommandError, type ErrorCode } from '../protocol/errors.js'
import { moduleRegistry } from '../sdk/registry.js'
import { EXIT_MISCONFIGURED, type AgentMessage } from './agent-exit.js'
import { checkBindings } from './agent-bindings.js'
import { connectAgent } from './agent-connection.js'
import { openAgentSession } from './agent-session.js'
import { readAgentToken } from './agent-token.js'
import { startAgentWorker } from './agent-worker.js'
import { openCustomerPolicy } from './customer-policy.js'
import { createLogger } from './logger.js'

const MISCONFIGURED: ReadonlySet<ErrorCode> = new Set([
  'invalid_request',
  'conflict',
  'unauthenticated',
  'permission_denied',
])

const log = createLogger('agent')
const stop = new AbortController()
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort())
// Whoever supervises this process is gone; an agent that nobody can stop must not live on.
process.on('disconnect', () => stop.abort())

async function run([bundle, functionName = '']: string[]): Promise<void> {
  const { ALIEN_URL: url } = process.env
  if (!bundle || !url) throw new CommandError('invalid_request', 'needs a bundle and ALIEN_URL')
  const token = readAgentToken(process.env)
  checkBindings(process.env, log)
  // Before the vendor's code, which runs in this process, can change where the policy is looked for.
  const gate = await openCustomerPolicy(process.env, log)
  await loadHandlers(bundle)
  const session = await openAgentSession({
    url,
    token: token.current,
    functionName,
    commands: manifestOf(moduleRegistry),
  })
  const connection = await connectAgent({ url, token: token.current, log })
  token.onRotated((rotated) => void connection.setApiKey(rotated))
  const { done } = await startAgentWorker(moduleRegistry, session, connection, log, stop.signal, gate)
  tell({ kind: 'ready', deployment: session.deployment.name, commands: moduleRegistry.names })
  await done
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
