/** Calls Temporal with messages that are bytes already, through the SDK's own connection with its TLS and API key. */
import { Connection } from '@temporalio/client'
import { status, type ServiceError } from '@grpc/grpc-js'
import type { TemporalSettings } from '../temporal/settings.js'
import { Refusal, unavailable } from './refusal.js'

interface CallOptions {
  /** When to give up, ms since 1970. */
  readonly deadlineMs: number
  readonly signal?: AbortSignal
}

export interface Upstream {
  /** @throws {Refusal} as the agent shall hear it */
  call(method: string, request: Uint8Array, options: CallOptions): Promise<Uint8Array>
  readonly close: () => Promise<void>
}

/** Of its own, since polls are held for a minute and must not be repeated by it. */
export async function connectUpstream(settings: TemporalSettings): Promise<Upstream> {
  const connection = await Connection.connect({ ...settings.connectionOptions, interceptors: [] })
  const { rpcImpl } = connection.workflowService as unknown as { rpcImpl: RawCall }
  const start = (method: string, request: Uint8Array): Promise<Uint8Array> =>
    new Promise((resolve, reject) => {
      rpcImpl({ name: method }, request, (error, answer) => {
        if (error) reject(translated(error))
        else resolve(answer ?? new Uint8Array())
      })
    })
  return {
    call: (method, request, { deadlineMs, signal }) =>
      connection.withDeadline(deadlineMs, () =>
        signal ? connection.withAbortSignal(signal, () => start(method, request)) : start(method, request),
      ),
    close: () => connection.close(),
  }
}

/** What protobufjs calls for each method of a service. */
type RawCall = (
  method: { readonly name: string },
  request: Uint8Array,
  callback: (error: ServiceError | null, answer?: Uint8Array) => void,
) => void

/** Temporal's own words may tell of the cluster, so an agent hears ours. */
const TOLD: ReadonlyMap<status, string> = new Map([
  [status.NOT_FOUND, 'the attempt is over: it timed out, was canceled, or was reported before'],
  [status.INVALID_ARGUMENT, 'Temporal does not take this request'],
  [status.FAILED_PRECONDITION, 'Temporal does not take this request now'],
  [status.RESOURCE_EXHAUSTED, 'Temporal is busy; try again later'],
  [status.DEADLINE_EXCEEDED, 'Temporal did not answer in time'],
  [status.CANCELLED, 'the call was canceled'],
])

/** Anything else, a refusal of the vendor's own credentials included, is no fault of the agent's and may pass. */
function translated({ code }: ServiceError): Refusal {
  const message = TOLD.get(code)
  return message === undefined ? unavailable('Temporal cannot be reached') : new Refusal(code, message)
}
