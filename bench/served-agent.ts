/** `alien agent start`, as a customer runs it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ALIEN_CLI, PRODUCT_HANDLERS } from './programs.js'

export interface ServedAgent {
  /** Rejects when it ended by itself. */
  readonly died: Promise<never>
  readonly stop: () => Promise<void>
}

export function startServedAgent(url: string, agentToken: string): ServedAgent {
  const agent = spawn(process.execPath, [ALIEN_CLI, 'agent', 'start', PRODUCT_HANDLERS], {
    env: { ...process.env, ALIEN_URL: url, ALIEN_TOKEN: agentToken, ALIEN_LOG_LEVEL: 'warn' },
    stdio: ['ignore', 2, 2],
  })
  const exited = once(agent, 'exit')
  const died = exited.then(() => {
    throw new Error('the agent ended before it served a command')
  })
  // Whoever waits for it hears of it.
  died.catch(() => undefined)
  return {
    died,
    stop: async () => {
      agent.kill('SIGTERM')
      await exited
    },
  }
}
