/** The agents of a development stack: one process for each served function of each deployment, renewed on change. */
import { agentEnvironment } from '../bindings/agent-environment.js'
import type { DeploymentRef } from '../protocol/invocation.js'
import { AgentSupervisor } from './agent-supervisor.js'
import { bundlePath } from './bundle-place.js'
import { watchHandlers } from './handler-bundle.js'
import type { ServedFunction } from './load-alien-file.js'
import { locatePolicy, policyEnv } from './policy-location.js'
import { dirname } from 'node:path'

export interface DevAgentsOptions {
  readonly url: string
  /** Where bundles go, and local bindings keep what they hold. */
  readonly stateDir: string
  readonly deployments: readonly (DeploymentRef & { readonly agentToken: string })[]
  readonly functions: readonly ServedFunction[]
  readonly onEvent: (message: string) => void
}

export interface DevAgents {
  /** Resolves when every agent served or said why it cannot: the first state worth telling. */
  readonly settled: Promise<void>
  readonly stop: () => Promise<void>
}

export async function startDevAgents(options: DevAgentsOptions): Promise<DevAgents> {
  const started = await Promise.all(options.functions.map((served) => startFunction(options, served)))
  return {
    settled: Promise.all(started.map(({ settled }) => settled)).then(() => undefined),
    stop: async () => {
      await Promise.all(started.map(({ stop }) => stop()))
    },
  }
}

async function startFunction(
  { url, stateDir, deployments, functions, onEvent }: DevAgentsOptions,
  served: ServedFunction,
) {
  // The sole function of a deployment has the deployment's queue to itself.
  const functionName = functions.length === 1 ? '' : served.name
  const bundle = await bundlePath(stateDir, served.entry, served.name)
  const agents = deployments.map((deployment) => {
    const who = `${deployment.name}: ${served.name}`
    let settle: () => void = () => undefined
    const settled = new Promise<void>((resolve) => (settle = resolve))
    const supervisor = new AgentSupervisor(
      {
        bundle,
        functionName,
        cwd: dirname(served.entry),
        env: {
          ...process.env,
          ...agentEnvironment(served.links ?? [], process.env),
          ...policyEnv(locatePolicy(process.env)),
          ALIEN_URL: url,
          ALIEN_TOKEN: deployment.agentToken,
          ALIEN_LOCAL_BINDINGS: '1',
          ALIEN_STATE_DIR: stateDir,
          // One port is not for several agents.
          ALIEN_METRICS_PORT: '',
        },
      },
      {
        onReady: ({ commands }) => {
          onEvent(`${who} serves ${commands.join(', ')}`)
          settle()
        },
        onEnded: (reason, retryInMs) => {
          onEvent(
            `${who} ended: ${reason}; ${retryInMs === undefined ? 'waiting for a change' : `again in ${retryInMs} ms`}`,
          )
          settle()
        },
      },
    )
    return { supervisor, settled, settle }
  })
  const watch = await watchHandlers(served.entry, bundle, (errors) => {
    if (errors.length === 0) {
      for (const { supervisor } of agents) void supervisor.restart()
      return
    }
    onEvent(`cannot build ${served.name}:\n  ${errors.join('\n  ')}`)
    for (const { settle } of agents) settle()
  })
  return {
    settled: Promise.all(agents.map(({ settled }) => settled)),
    stop: async () => {
      await watch.stop()
      await Promise.all(agents.map(({ supervisor }) => supervisor.stop()))
    },
  }
}
