/**
 * A thread that heartbeats in the place of the agent's own while a handler holds that: a long computation, or a program
 * that is waited for synchronously. The agent is alive then, and its attempts are not to be taken for lost.
 */
import { Worker } from 'node:worker_threads'
import type { OpenStandIn } from '../activities/stand-in.js'
import { formatDuration } from '../protocol/format-duration.js'
import type { Logger } from './logger.js'
import type { FromStandIn, StandInSettings, ToStandIn } from './stand-in-messages.js'

const COUNT_EVERY_MS = 250

export class HeartbeatStandIn {
  readonly #thread: Worker
  readonly #beats = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT))
  readonly #open = new Set<number>()
  #counting: NodeJS.Timeout | undefined
  #opened = 0

  constructor({ url, token, log }: { readonly url: string; readonly token: string; readonly log: Logger }) {
    const workerData: StandInSettings = { url, token, beats: this.#beats.buffer }
    this.#thread = new Worker(new URL('./stand-in-thread.js', import.meta.url), { workerData })
    this.#thread.unref()
    this.#thread.on('message', (message: FromStandIn) => log.warn(textOf(message)))
    this.#thread.on('error', ({ message }) => log.warn(textOf({ kind: 'trouble', reason: message })))
  }

  /** For the next heartbeats. */
  setToken(token: string): void {
    this.#tell({ kind: 'token', token })
  }

  readonly open: OpenStandIn = (taskToken, command) => {
    const id = (this.#opened += 1)
    this.#open.add(id)
    this.#counting ??= setInterval(() => Atomics.add(this.#beats, 0, 1), COUNT_EVERY_MS)
    this.#tell({ kind: 'open', id, taskToken: Buffer.from(taskToken).toString('base64'), command })
    let told: string | undefined
    return {
      beat: (details) => {
        if (details !== undefined && details !== told) this.#tell({ kind: 'details', id, details })
        told = details
      },
      [Symbol.dispose]: () => {
        this.#open.delete(id)
        this.#tell({ kind: 'close', id })
        if (this.#open.size > 0) return
        clearInterval(this.#counting)
        this.#counting = undefined
      },
    }
  }

  #tell(message: ToStandIn): void {
    this.#thread.postMessage(message)
  }
}

const textOf = (message: FromStandIn): string =>
  message.kind === 'held'
    ? `the thread of this agent was held for ${formatDuration(message.heldMs)} while it ran ${message.commands.join(', ')}: nothing else ran meanwhile, and no cancel was heard; give such work to a worker thread or a process of its own`
    : `should a handler hold the thread of this agent, its attempts are taken for lost: ${message.reason}`
