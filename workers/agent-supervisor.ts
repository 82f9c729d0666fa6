/**
 * Keeps one agent process running.
 *
 *   starting ──► ready ──► ended ──► (back-off) ──► starting
 *                            └─ misconfigured: stays ended until `restart()`
 *
 * Invariants:
 *  S1  at most one process at a time
 *  S2  after `stop()` no process is started any more
 *  S3  the process ends with this one, even when this one is killed: it watches the channel between them
 */
import { fork, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { EXIT_MISCONFIGURED, type AgentMessage } from './agent-exit.js'
import { parseGrace } from './grace.js'

export interface AgentProcessOptions {
  readonly bundle: string
  readonly functionName: string
  /** The agent's environment, `ALIEN_URL` and `ALIEN_TOKEN` included; `ALIEN_GRACE` is how long its handlers may go on. */
  readonly env: NodeJS.ProcessEnv
  /** The handlers' working directory. */
  readonly cwd: string
}

export interface SupervisorEvents {
  readonly onReady: (agent: { deployment: string; commands: readonly string[] }) => void
  /** The process ended by itself. `retryInMs` is `undefined` when only `restart()` can help. */
  readonly onEnded: (reason: string, retryInMs: number | undefined) => void
}

const FIRST_BACKOFF_MS = 500
/** With what a start takes, an agent is back within 10 s of the control plane, however long that was away. */
const GREATEST_BACKOFF_MS = 6_000
/** One that ran this long was healthy; its end starts a new series of tries. */
const HEALTHY_AFTER_MS = 60_000
/** What an agent takes to stop beyond the grace time of its handlers. */
const STOPPING_MS = 10_000

const AGENT_MAIN = fileURLToPath(new URL('./agent-main.js', import.meta.url))

export class AgentSupervisor {
  readonly #options: AgentProcessOptions
  readonly #events: SupervisorEvents
  #child: ChildProcess | undefined
  #retry: NodeJS.Timeout | undefined
  #failures = 0
  #stopped = false

  constructor(options: AgentProcessOptions, events: SupervisorEvents) {
    this.#options = options
    this.#events = events
  }

  /** The running process, if there is one. */
  get pid(): number | undefined {
    return this.#child?.pid
  }

  /** Passes a signal on to the running process, if there is one. */
  signal(signal: NodeJS.Signals): void {
    this.#child?.kill(signal)
  }

  /** Starts the agent, or replaces the running one, after which handlers under way were given time to end. */
  async restart(): Promise<void> {
    clearTimeout(this.#retry)
    await this.#endChild()
    if (this.#stopped || this.#child) return
    this.#failures = 0
    this.#start()
  }

  async stop(): Promise<void> {
    this.#stopped = true
    clearTimeout(this.#retry)
    await this.#endChild()
  }

  #start(): void {
    const { bundle, functionName, env, cwd } = this.#options
    const startedAtMs = Date.now()
    const child = fork(AGENT_MAIN, [bundle, functionName], {
      env,
      cwd,
      execArgv: ['--enable-source-maps'],
      // A handler's console output is a log, and stdout belongs to results.
      stdio: ['ignore', 2, 2, 'ipc'],
    })
    this.#child = child
    let reason: string | undefined
    child.on('message', (message: AgentMessage) => {
      if (message.kind === 'ready') this.#events.onReady(message)
      else reason = message.reason
    })
    const ended = (code: number | null, why: string): void => {
      if (this.#child !== child) return
      this.#child = undefined
      this.#ended(code, why, startedAtMs)
    }
    child.once('exit', (code, signal) => {
      ended(code, reason ?? `the agent process ended with ${signal ?? `code ${code ?? 'unknown'}`}`)
    })
    // Its folder is gone, or the machine is out of processes: such a child has no exit.
    child.on('error', ({ message }) => {
      if (child.pid === undefined) ended(null, `the agent process cannot be started: ${message}`)
    })
  }

  #ended(code: number | null, reason: string, startedAtMs: number): void {
    if (this.#stopped) return
    if (code === EXIT_MISCONFIGURED) {
      this.#events.onEnded(reason, undefined)
      return
    }
    this.#failures = Date.now() - startedAtMs >= HEALTHY_AFTER_MS ? 1 : this.#failures + 1
    const ceilingMs = Math.min(FIRST_BACKOFF_MS * 2 ** (this.#failures - 1), GREATEST_BACKOFF_MS)
    // Jitter, so that agents cut off together do not return together.
    const retryInMs = Math.round(ceilingMs * (0.5 + Math.random() / 2))
    this.#events.onEnded(reason, retryInMs)
    this.#retry = setTimeout(() => this.#start(), retryInMs)
  }

  async #endChild(): Promise<void> {
    const child = this.#child
    this.#child = undefined
    if (child?.pid === undefined) return
    const graceMs = parseGrace(this.#options.env['ALIEN_GRACE'])
    const exited = once(child, 'exit')
    child.kill('SIGTERM')
    const force = setTimeout(() => child.kill('SIGKILL'), graceMs + STOPPING_MS)
    await exited
    clearTimeout(force)
  }
}
