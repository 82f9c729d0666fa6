/** `alien agent start`, as a customer runs it. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { ALIEN_CLI, HANDLERS } from './programs.js'

/** Gives what ends it. */
export async function startAgent(url: string, token: string): Promise<() => Promise<void>> {
  const agent = spawn(process.execPath, [ALIEN_CLI, 'agent', 'start', HANDLERS], {
    env: { ...process.env, ALIEN_URL: url, ALIEN_TOKEN: token, ALIEN_LOG_LEVEL: 'error' },
    // A channel, whose end tells it that the attack was killed.
    stdio: ['ignore', 'ignore', 2, 'ipc'],
  })
  const exited = once(agent, 'exit')
  await once(agent, 'spawn')
  return async () => {
    agent.kill('SIGTERM')
    await exited
  }
}
