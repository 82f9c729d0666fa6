/** The product's agent with a connection to Temporal itself, past the gateway: what the gateway costs shows beside it. */
import { moduleRegistry, openAgentSession, openCustomerPolicy, startAgentWorker } from '@alienplatform/sdk/agent'
import { NativeConnection } from '@temporalio/worker'
import { manifestOf } from '../../activities/manifest.js'
import { createLogger } from '../../workers/logger.js'
import { quietRuntime } from '../raw/runtime.js'
import { serve } from '../serve.js'
import './handlers.js'

export interface DirectAgentSettings {
  readonly url: string
  readonly agentToken: string
  readonly temporalAddress: string
}

await serve(async (settings) => {
  const { url, agentToken, temporalAddress } = settings as DirectAgentSettings
  const commands = manifestOf(moduleRegistry)
  const session = await openAgentSession({ url, token: agentToken, functionName: '', commands })
  quietRuntime()
  const connection = await NativeConnection.connect({ address: temporalAddress })
  const stop = new AbortController()
  const log = createLogger('direct-agent', { ALIEN_LOG_LEVEL: 'warn' })
  // Task tokens that no gateway sealed prove nothing, so no events are sent.
  const silent = () => undefined
  const openEvents = () => ({ started: silent, progress: silent, log: silent, end: silent })
  const deps = { gate: await openCustomerPolicy(process.env, log), openEvents }
  const { done } = await startAgentWorker(moduleRegistry, session, connection, log, stop.signal, deps)
  return {
    ready: {},
    close: async () => {
      stop.abort()
      await done
    },
  }
})
