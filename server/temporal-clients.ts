/** The control plane's view of Temporal. */
import { Client, Connection } from '@temporalio/client'
import type { NativeConnection } from '@temporalio/worker'
import { RETRIES } from '../temporal/retries.js'
import type { TemporalSettings } from '../temporal/settings.js'

export interface TemporalClients {
  /** For everything but starting: its calls can be aborted, so a caller that leaves takes its long poll along. */
  readonly reader: Client
  /** Starts workflows. */
  readonly starter: Client
  /** Whether `starter` shares its connection with a vendor worker, which may then begin at once. */
  readonly eagerStart: boolean
  readonly namespace: string
  readonly close: () => Promise<void>
}

/** @param worker connection of the vendor worker in this process, if there is one */
export async function connectTemporal(settings: TemporalSettings, worker?: NativeConnection): Promise<TemporalClients> {
  const connection = await Connection.connect({ ...settings.connectionOptions, interceptors: RETRIES })
  const { namespace } = settings
  const reader = new Client({ connection, namespace })
  return {
    reader,
    starter: worker === undefined ? reader : new Client({ connection: worker, namespace }),
    eagerStart: worker !== undefined,
    namespace,
    close: () => connection.close(),
  }
}
