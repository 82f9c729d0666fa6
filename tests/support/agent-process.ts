/** `alien agent start` as a customer runs it. */
import { AlienProcess } from './alien-process.js'

export interface AgentProcessOptions {
  readonly url: string
  readonly token: string
  readonly stateDir: string
  readonly handlers: string
  /** Flags. */
  readonly args?: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** The `alien` of another version than that of the working tree. */
  readonly cli?: string | undefined
}

export class AgentProcess extends AlienProcess {
  constructor({ url, token, stateDir, handlers, args = [], env = {}, cli }: AgentProcessOptions) {
    const settings = { ALIEN_URL: url, ALIEN_TOKEN: token, ALIEN_STATE_DIR: stateDir }
    super(['agent', 'start', handlers, ...args], { ...settings, ...env }, cli)
  }
}
