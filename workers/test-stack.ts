/** A development stack that leaves nothing behind: free ports, a state folder of its own. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { CommandsClient } from '../client/commands-client.js'
import type { DevState } from '../protocol/dev-state.js'
import { startDevStack } from './dev-stack.js'
import { createLogger } from './logger.js'

export interface TestStackOptions {
  /** The module that defines the commands under test. */
  readonly handlers: string
  /** Names of the deployments to have, each with an agent. Default: `acme-corp`. */
  readonly deployments?: readonly string[]
}

export interface TestStack {
  readonly state: DevState
  /** SQLite file of its registry, for a second control plane. */
  readonly registryFile: string
  /** A client of one deployment. Default: the first. */
  readonly client: (deployment?: string) => CommandsClient
  readonly close: () => Promise<void>
}

export async function startTestStack({ handlers, deployments = ['acme-corp'] }: TestStackOptions): Promise<TestStack> {
  const entry = resolve(handlers)
  const stateDir = await mkdtemp(join(tmpdir(), 'alien-test-'))
  const stack = await startDevStack({
    host: '127.0.0.1',
    port: 0,
    stateDir,
    keepsInvocations: false,
    deployments,
    functions: [{ name: 'test', entry }],
    log: createLogger('alien', { ALIEN_LOG_LEVEL: 'warn', ...process.env }),
    onProgress: () => undefined,
    onAgent: () => undefined,
  })
  const { url, token } = stack.state
  return {
    state: stack.state,
    registryFile: join(stateDir, 'registry.db'),
    client: (deployment = deployments[0] ?? '') => new CommandsClient({ deploymentId: deployment, token, url }),
    close: async () => {
      await stack.close()
      await rm(stateDir, { recursive: true, force: true })
    },
  }
}
