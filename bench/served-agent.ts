/** `alien agent start`, as a customer runs it. */
import { startAlien, type AlienProcess } from './alien-process.js'
import { PRODUCT_HANDLERS } from './programs.js'

export function startServedAgent(
  url: string,
  agentToken: string,
  env: Readonly<Record<string, string>> = { ALIEN_LOG_LEVEL: 'warn' },
  stderr?: number,
): AlienProcess {
  return startAlien(['agent', 'start', PRODUCT_HANDLERS], { ALIEN_URL: url, ALIEN_TOKEN: agentToken, ...env }, stderr)
}
