/** A way that commands go, to the handlers of `tests/fixtures/contract-handlers.ts`, and what tests do to it. */
import type { CommandsClient, InvocationHandle } from '@alienplatform/sdk/commands'
import { Client, Connection } from '@temporalio/client'
import { responsePath } from '../../protocol/attempt-response.js'
import { ResponseTokens } from '../../protocol/response-token.js'
import { callApi } from '../support/http.js'
import type { VendorSide } from './vendor-side.js'

export const CONTRACT_HANDLERS = 'tests/fixtures/contract-handlers.ts'

/**
 *  own      good for the first attempt of the invocation
 *  wrong    not made by the vendor's side
 *  foreign  good for something else
 *  expired  was good once
 */
export type TicketKind = 'own' | 'wrong' | 'foreign' | 'expired'

export interface Road {
  readonly client: CommandsClient
  /**
   * Has an attempt of the invocation, the last that was delivered, come to the handlers once more; resolves when they are
   * done with it, or, where they go on with it, have it.
   */
  readonly redeliver: (handle: InvocationHandle) => Promise<unknown>
  /** Reports a result of the invocation's first attempt. */
  readonly report: (handle: InvocationHandle, ticket: TicketKind) => Promise<'recorded' | 'late' | 'refused'>
}

export const WRONG_KEY = Buffer.alloc(32, 9)

/** When a ticket ends, ms since 1970. */
export const ticketEndMs = (ticket: TicketKind): number => Date.now() + (ticket === 'expired' ? -1 : 60_000)

/** {@link Road.report} of whatever is pushed to. */
export const reportPushed =
  ({ url, sealingKey, temporalAddress }: VendorSide): Road['report'] =>
  async ({ id }, ticket) => {
    const token = new ResponseTokens([ticket === 'wrong' ? WRONG_KEY : sealingKey]).issue({
      invocationId: ticket === 'foreign' ? 'inv_echo_0123456789abcdef' : id,
      attempt: 1,
      workflowRunId: await runOf(temporalAddress, id),
      expiresAtMs: ticketEndMs(ticket),
    })
    const response = { attempt: 1, status: 'succeeded', result: 'reported' }
    const { status, body } = await callApi({ url }, token, 'PUT', responsePath(id), response)
    if (status === 401) return 'refused'
    return body.recorded === true ? 'recorded' : 'late'
  }

async function runOf(address: string, workflowId: string): Promise<string> {
  const connection = await Connection.connect({ address })
  try {
    return (await new Client({ connection }).workflow.getHandle(workflowId).describe()).runId
  } finally {
    await connection.close()
  }
}
