/** One customer under fire: a deployment with its agent, and the link between that and the control plane. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { execa } from 'execa'
import { rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { createDeployment } from '../bench/deployment.js'
import { AgentProcess } from '../tests/support/agent-process.js'
import { hasNoted } from '../tests/support/journal.js'
import { TcpProxy } from '../tests/support/tcp-proxy.js'
import { openOrClose } from '../workers/closers.js'

export interface SiteOptions {
  readonly name: string
  /** For all that it leaves on the disk. */
  readonly folder: string
  /** Of the control plane. */
  readonly url: string
  readonly apiKey: string
}

/** More than a handler's effects, less than the journal. */
const FULL_DISK_BYTES = 4_096

export class Site {
  readonly name: string
  readonly client: CommandsClient
  /** Between the agent and the control plane. */
  readonly link: TcpProxy
  readonly #stateDir: string
  readonly #clock: string
  readonly #deploymentId: string
  readonly #token: string
  #agent: AgentProcess

  private constructor(
    { name, folder, url, apiKey }: SiteOptions,
    deployment: { id: string; token: string },
    link: TcpProxy,
  ) {
    this.name = name
    this.client = new CommandsClient({ deploymentId: deployment.id, token: apiKey, url })
    this.link = link
    this.#stateDir = join(folder, `${name}.state`)
    this.#clock = join(folder, `${name}.clock`)
    this.#deploymentId = deployment.id
    this.#token = deployment.token
    this.#agent = this.#startAgent()
  }

  /** Resolves when its agent serves. */
  static open(options: SiteOptions): Promise<Site> {
    return openOrClose(async (closers) => {
      const { url, apiKey, name } = options
      const { id, agentToken } = await createDeployment(url, apiKey, name)
      const link = await TcpProxy.before(url)
      closers.add(() => link[Symbol.asyncDispose]())
      const site = new Site(options, { id, token: agentToken }, link)
      closers.add(() => site.close())
      await site.agentPid()
      return site
    })
  }

  /** Of the process in which handlers run; resolves when it serves. */
  agentPid(): Promise<number> {
    return this.client.invoke<number>('pid')
  }

  /** The supervisor too, as when the machine fails: nothing brings it back but {@link startMachine}. */
  async killMachine(pid: number): Promise<void> {
    process.kill(pid, 'SIGKILL')
    await this.#agent.stop('SIGKILL')
  }

  startMachine(): void {
    this.#agent = this.#startAgent()
  }

  /** Writes beyond what its files have are errors then. What was written, and the handlers' effects, are not touched. */
  async fillDisk(pid: number): Promise<void> {
    await execa('prlimit', ['--pid', String(pid), `--fsize=${FULL_DISK_BYTES}:`])
  }

  async emptyDisk(pid: number): Promise<void> {
    await execa('prlimit', ['--pid', String(pid), '--fsize=unlimited:'])
  }

  shiftClock(byMs: number): Promise<void> {
    return writeFile(this.#clock, String(byMs))
  }

  setClock(): Promise<void> {
    return rm(this.#clock, { force: true })
  }

  /** Whether the agent has noted what the invocation came to. */
  hasNoted(invocationId: string): boolean {
    return hasNoted({ stateDir: this.#stateDir, deploymentId: this.#deploymentId, invocationId })
  }

  /** What its agent wrote, for whoever looks for the cause of a violation. */
  get log(): string {
    return this.#agent.stderr
  }

  async close(): Promise<void> {
    await this.#agent.stop()
    await this.link[Symbol.asyncDispose]()
  }

  #startAgent(): AgentProcess {
    return new AgentProcess({
      url: this.link.url,
      token: this.#token,
      stateDir: this.#stateDir,
      handlers: 'chaos/handlers.ts',
      args: ['--grace', '1s'],
      env: {
        CHAOS_CLOCK: this.#clock,
        NODE_OPTIONS: `--import=${pathToFileURL(resolve('chaos/shift-clock.js')).href}`,
      },
    })
  }
}
