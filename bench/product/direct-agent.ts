/** The product's agent with a connection to Temporal itself, past the gateway: what the gateway costs shows beside it. */
import {
  moduleRegistry,
  openAgentSession,
  openCustomerPolicy,
  openJournal,
  startAgentWorker,
} from '@alienplatform/sdk/agent'
import { NativeConnection } from '@temporalio/worker'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { manifestOf } from '../../execution/manifest.js'
import { MemoryJournal } from '../../transports/runtime/memory-journal.js'
import { createLogger } from '../../workers/logger.js'
import { quietRuntime } from '../raw/runtime.js'
import { serve } from '../serve.js'
import './handlers.js'

export interface DirectAgentSettings {
  readonly url: string
  readonly agentToken: string
  readonly temporalAddress: string
  /** In place of the one on disk: what that costs shows beside it. Default: false. */
  readonly memoryJournal?: boolean
}

await serve(async (settings) => {
  const { url, agentToken, temporalAddress, memoryJournal = false } = settings as DirectAgentSettings
  const commands = manifestOf(moduleRegistry)
  const session = await openAgentSession({ url, token: agentToken, functionName: '', commands })
  quietRuntime()
  const connection = await NativeConnection.connect({ address: temporalAddress })
  const stop = new AbortController()
  const log = createLogger('direct-agent', { ALIEN_LOG_LEVEL: 'warn' })
  const gate = await openCustomerPolicy(process.env, log)
  const folder = await mkdtemp(join(tmpdir(), 'alien-bench-'))
  const journal = memoryJournal
    ? new MemoryJournal()
    : await openJournal(join(folder, 'journal.db'), (message) => log.error(message))
  // Task tokens that no gateway sealed prove nothing, so no events are sent.
  const silent = () => undefined
  const openEvents = () => ({ started: silent, progress: silent, log: silent, end: silent, late: silent })
  const registry = moduleRegistry
  const { done } = await startAgentWorker({
    registry,
    session,
    connection,
    gate,
    journal,
    openEvents,
    log,
    signal: stop.signal,
  })
  return {
    ready: {},
    close: async () => {
      stop.abort()
      await done
      await rm(folder, { recursive: true })
    },
  }
})
