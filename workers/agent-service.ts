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

interface Serving {
  readonly key: string
  readonly worker: ReplaceableWorker
}

/** Closes `journal` in the end. */
export async function startAgentService(options: AgentServiceOptions): Promise<AgentWorker> {
  const shared = sharedByWorkers()
  options.metrics?.agentRuns.observe((set) => set(shared.runs.count, {}))
  const end = endOfRuns({ ...options, ...shared })
  const first = await open(options, shared).catch((error: unknown) => {
    options.journal.close()
    throw error
  })
  return { done: serve(options, shared, first).finally(end) }
}

async function open(options: AgentServiceOptions, shared: SharedByWorkers): Promise<Serving> {
  const key = randomUUID()
  const connection = await options.connect(key)
  return { key, worker: await startReplaceableWorker({ ...options, connection, ...shared }) }
}

async function serve(options: AgentServiceOptions, shared: SharedByWorkers, first: Serving): Promise<void> {
  const { isReceiving, log, signal } = options
  for (let { key, worker } = first; ;) {
    const ended = new AbortController()
    const deaf = untilDeaf({
      isReceiving: () => isReceiving(key),
      isBusy: () => shared.runs.count >= MAX_CONCURRENT_COMMANDS,
      signal: AbortSignal.any([signal, ended.signal]),
    })
    const isDeaf = await Promise.race([worker.done.then(() => false), deaf]).finally(() => ended.abort())
    if (!isDeaf) return worker.done
    options.metrics?.agentReconnects.add(1, {})
    log.warn('the polls of this agent do not arrive at the control plane; connecting anew')
    try {
      const next = await open(options, shared)
      retire(worker, options)
      ;({ key, worker } = next)
    } catch (error) {
      log.warn(`cannot connect anew yet: ${CommandError.from(error).message}`)
    }
  }
}

function retire(worker: ReplaceableWorker, { log }: Pick<AgentServiceOptions, 'log'>): void {
  worker.retire()
  worker.done.catch((error: unknown) => log.warn(`the worker before ended badly: ${CommandError.from(error).message}`))
}
