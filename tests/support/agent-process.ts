/** `alien agent start` as a customer runs it. */
import { execa } from 'execa'
import { once } from 'node:events'
import { CLI, cliEnv } from './cli.js'

export interface AgentProcessOptions {
  readonly url: string
  readonly token: string
  readonly stateDir: string
  readonly handlers: string
  /** Flags. */
  readonly args?: readonly string[]
}

/** Asked to stop, and waited for, when it is disposed of. */
export class AgentProcess implements AsyncDisposable {
  readonly #child
  stderr = ''

  constructor({ url, token, stateDir, handlers, args = [] }: AgentProcessOptions) {
    this.#child = execa(process.execPath, [CLI, 'agent', 'start', handlers, ...args], {
      env: cliEnv({ ALIEN_URL: url, ALIEN_TOKEN: token, ALIEN_STATE_DIR: stateDir }),
      extendEnv: false,
      reject: false,
      forceKillAfterDelay: 30_000,
      stdin: 'ignore',
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** The supervisor's; its agent has another. */
  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Its exit code, `null` when a signal ended it. */
  async exited(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    return this.exited()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
