/** The connection that workers use. */
import type { Meter } from '@opentelemetry/api'
import { NativeConnection, type NativeConnectionOptions } from '@temporalio/worker'
import { CommandError } from '../protocol/errors.js'
import { installTemporalRuntime, type Sink } from './runtime.js'
import type { TemporalSettings } from './settings.js'

/**
 * Connects, with the process's runtime installed just before: it ends with the last connection, so one that never had
 * any would keep its process alive for good.
 *
 * @param meter gets what Temporal's native core counts
 */
export function connectNative(options: NativeConnectionOptions, log: Sink, meter?: Meter): Promise<NativeConnection> {
  installTemporalRuntime(log, meter)
  // Messages are small, a few at a time: compressing them took 4 % of the processor time of a call on both ends.
  return NativeConnection.connect({ grpcCompression: { codec: 'none' }, ...options })
}

/** For `catch`. @throws {CommandError} `unavailable`, with the address and what to check */
export const unreachable =
  ({ address }: TemporalSettings) =>
  (error: unknown): never => {
    const reason = error instanceof Error ? error.message : String(error)
    throw new CommandError(
      'unavailable',
      `cannot reach Temporal at ${address}: ${reason}; check TEMPORAL_ADDRESS, and TEMPORAL_API_KEY or TEMPORAL_TLS when it wants them; alien doctor --server says which of it is wrong`,
      { cause: error },
    )
  }
