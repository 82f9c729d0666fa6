/**
 * Serves the commands of an agent for as long as it runs: one worker, and another in its place when it is deaf.
 *
 *   connected ─► serving ──deaf──► the next is connected ─► serving, while the one before ends
 */
import { randomUUID } from 'node:crypto'
import type { NativeConnection } from '@temporalio/worker'
import { CommandError } from '../protocol/errors.js'
import {
  endOfRuns,
  MAX_CONCURRENT_COMMANDS,
  sharedByWorkers,
  startReplaceableWorker,
  type AgentWorker,
  type AgentWorkerOptions,
  type ReplaceableWorker,
  type SharedByWorkers,
} from './agent-worker.js'
import { untilDeaf } from './deaf-watch.js'

export interface AgentServiceOptions extends Omit<AgentWorkerOptions, 'connection'> {
  /** @param key what its polls are to be known by */
  readonly connect: (key: string) => Promise<NativeConnection>
  /** Whether the control plane sees polls of the connection with this key. */
  readonly isReceiving: (key: string) => Promise<boolean>
}

/** Another's once that is in its place. */
interface Serving {
  key: string
  worker: ReplaceableWorker
}

const isBusy = ({ runs }: SharedByWorkers): boolean => runs.count >= MAX_CONCURRENT_COMMANDS

export interface AgentService extends AgentWorker {
  /** Whether the control plane sees its polls, or it has too much to do for any. Rejects when that cannot be asked. */
  readonly isReceiving: () => Promise<boolean>
}

/** Closes `journal` in the end. */
export async function startAgentService(options: AgentServiceOptions): Promise<AgentService> {
  const shared = sharedByWorkers()
  options.metrics?.agentRuns.observe((set) => set(shared.runs.count, {}))
  const end = endOfRuns({ ...options, ...shared })
  const serving = await open(options, shared).catch((error: unknown) => {
    options.journal.close()
    throw error
  })
  return {
    done: serve(options, shared, serving).finally(end),
    isReceiving: async () => isBusy(shared) || options.isReceiving(serving.key),
  }
}

async function open(options: AgentServiceOptions, shared: SharedByWorkers): Promise<Serving> {
  const key = randomUUID()
  const connection = await options.connect(key)
  return { key, worker: await startReplaceableWorker({ ...options, connection, ...shared }) }
}

async function serve(options: AgentServiceOptions, shared: SharedByWorkers, serving: Serving): Promise<void> {
  const { isReceiving, log, signal } = options
  for (;;) {
    const { key, worker } = serving
    const ended = new AbortController()
    const deaf = untilDeaf({
      isReceiving: () => isReceiving(key),
      isBusy: () => isBusy(shared),
      signal: AbortSignal.any([signal, ended.signal]),
    })
    const isDeaf = await Promise.race([worker.done.then(() => false), deaf]).finally(() => ended.abort())
    if (!isDeaf) return worker.done
    options.metrics?.agentReconnects.add(1, {})
    log.warn('the polls of this agent do not arrive at the control plane; connecting anew')
    try {
      const next = await open(options, shared)
      retire(worker, options)
      Object.assign(serving, next)
    } catch (error) {
      log.warn(`cannot connect anew yet: ${CommandError.from(error).message}`)
    }
  }
}

function retire(worker: ReplaceableWorker, { log }: Pick<AgentServiceOptions, 'log'>): void {
  worker.retire()
  worker.done.catch((error: unknown) => log.warn(`the worker before ended badly: ${CommandError.from(error).message}`))
}
