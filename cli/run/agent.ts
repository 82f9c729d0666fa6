/** Runs `alien agent start`. */
import { dirname, resolve } from 'node:path'
import { agentEnvironment } from '../../bindings/agent-environment.js'
import { resolveUrl } from '../../client/options.js'
import { assertPrivateUrl } from '../../client/private-url.js'
import type { SettingsOf } from '../../config/settings.js'
import { stateDir } from '../../protocol/dev-state.js'
import { CommandError } from '../../protocol/errors.js'
import { bundlePath } from '../../workers/bundle-place.js'
import { AgentSupervisor } from '../../workers/agent-supervisor.js'
import { readAgentToken } from '../../workers/agent-token.js'
import { buildErrors, bundleHandlers } from '../../workers/handler-bundle.js'
import type { ServedFunction } from '../../workers/load-alien-file.js'
import { createLogger } from '../../workers/logger.js'
import { readPolicy } from '../../workers/policy-file.js'
import { locatePolicy, policyEnv } from '../../workers/policy-location.js'
import { untilSignal } from '../signals.js'
import { declaredFunction } from './declared-function.js'

export async function runAgent(module: string | undefined, settings: SettingsOf<'agent'>): Promise<void> {
  const url = resolveUrl(settings.url)
  assertPrivateUrl(url, settings.insecurePlaintext, 'agent token')
  const credentials = {
    ALIEN_TOKEN: settings.token ?? '',
    ALIEN_TOKEN_FILE: settings.tokenFile ? resolve(settings.tokenFile) : '',
  }
  readAgentToken(credentials)
  const policy = locatePolicy({ ALIEN_POLICY: settings.policy, ALIEN_STATE_DIR: settings.stateDir })
  // Early, so that a mistake shows before anything is built; the agent's own process reads it again.
  await readPolicy(policy)
  const state = stateDir({ ALIEN_STATE_DIR: settings.stateDir })
  const served: ServedFunction =
    module === undefined
      ? await declaredFunction(settings.function, state, 'serve')
      : { name: 'agent', entry: resolve(module) }
  const bundle = await bundled(served, state)
  const log = createLogger('agent', { ALIEN_LOG_LEVEL: settings.logLevel })
  let misconfigured: (error: CommandError) => void = () => undefined
  const misconfiguration = new Promise<never>((_, reject) => (misconfigured = reject))
  const supervisor = new AgentSupervisor(
    {
      bundle,
      functionName: settings.function ?? '',
      cwd: dirname(served.entry),
      env: {
        ...process.env,
        ...agentEnvironment(served.links ?? [], process.env),
        ...authorities(),
        ALIEN_URL: url,
        ALIEN_STATE_DIR: state,
        ...credentials,
        ...policyEnv(policy),
        ALIEN_GRACE: settings.grace === undefined ? undefined : String(settings.grace),
        ALIEN_LOG_LEVEL: settings.logLevel,
        ALIEN_METRICS_PORT: settings.metricsPort === undefined ? '' : String(settings.metricsPort),
        ALIEN_METRICS_HOST: settings.metricsHost,
      },
    },
    {
      onReady: ({ deployment, commands }) => log.info({ deployment, commands }, 'serving'),
      onEnded: (reason, retryInMs) => {
        if (retryInMs === undefined) misconfigured(new CommandError('invalid_request', reason))
        else log.error({ retryInMs }, `the agent ended: ${reason}`)
      },
    },
  )
  // Whoever wants to see more of the agent knows the pid of this process.
  process.on('SIGUSR2', () => supervisor.signal('SIGUSR2'))
  try {
    await supervisor.restart()
    await Promise.race([misconfiguration, untilSignal()])
  } finally {
    await supervisor.stop()
  }
}

/** The agent works in its handlers' folder, from where a relative path leads elsewhere. */
function authorities(): { NODE_EXTRA_CA_CERTS?: string } {
  const { NODE_EXTRA_CA_CERTS: file } = process.env
  return file ? { NODE_EXTRA_CA_CERTS: resolve(file) } : {}
}

async function bundled({ name, entry }: ServedFunction, state: string): Promise<string> {
  const bundle = await bundlePath(state, entry, name)
  try {
    await bundleHandlers(entry, bundle)
    return bundle
  } catch (error) {
    throw new CommandError('invalid_request', `cannot build ${entry}:\n  ${buildErrors(error).join('\n  ')}`)
  }
}
