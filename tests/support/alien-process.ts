/** A process of `alien` that goes on until it is stopped: an agent, a server, a vendor worker. */
import { execa } from 'execa'
import { once } from 'node:events'
import { CLI, cliEnv } from './cli.js'

/** Asked to stop, and waited for, when it is disposed of. */
export class AlienProcess implements AsyncDisposable {
  readonly #child
  stderr = ''

  /** @param cli of another version than that of the working tree */
  constructor(args: readonly string[], env: Readonly<Record<string, string>>, cli = CLI) {
    this.#child = execa(process.execPath, [cli, ...args], {
      env: cliEnv(env),
      extendEnv: false,
      reject: false,
      forceKillAfterDelay: 30_000,
      stdin: 'ignore',
      // A channel, whose end tells it that the tests were killed.
      ipc: true,
    })
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.stderr += text))
  }

  /** An agent's is its supervisor's; the agent itself has another. */
  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Its exit code, `null` when a signal ended it. */
  async exited(): Promise<number | null> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit')
    return this.#child.exitCode
  }

  signal(signal: NodeJS.Signals): void {
    this.#child.kill(signal)
  }

  stop(signal: NodeJS.Signals = 'SIGTERM'): Promise<number | null> {
    this.#child.kill(signal)
    return this.exited()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }
}
