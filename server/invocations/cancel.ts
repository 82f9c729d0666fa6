/** Cancels an invocation, and waits for the verdict. */
import { once } from 'node:events'
import { setTimeout as delay } from 'node:timers/promises'
import { WorkflowUpdateStage, type Client, type WorkflowUpdateHandle } from '@temporalio/client'
import {
  CANCEL_UPDATE,
  CANCEL_VERDICTS,
  verdictAfter,
  type CancelRequest,
  type CancelVerdict,
} from '../../protocol/cancel.js'
import type { Invocation } from '../../protocol/invocation.js'
import { isPlainObject } from '../../protocol/json.js'
import { isWorkflowNotFound } from '../../temporal/failure.js'
import { isBegun, isPushed, newestAttempt } from './pending-attempt.js'
import type { InvocationDeps } from './service.js'

/**
 * Agents heartbeat every half second, so one that was not heard for this long is silent, and nobody has to wait until
 * it counts as lost.
 */
const SILENT_MS = 850
/** The same of a push deployment's runtime, which heartbeats every second, over the internet. */
const PUSH_SILENT_MS = 2_500

/** One update for all who ask: the first sets the reason, all are told the same. */
const UPDATE_ID = 'cancel'

/**
 * A caller who does not wait means it all the same: for so long the workflow is asked, whoever is gone. An update that
 * no worker of the vendor's has taken by then is in Temporal's memory only; a cancel request is in the history.
 */
const ASK_MS = 5_000

/** The verdict, or `undefined` when `enough` aborts first; the cancel has been taken, or is kept, by then. */
export async function cancelUntil(
  { temporal: { reader } }: Pick<InvocationDeps, 'temporal'>,
  enough: AbortSignal,
  id: string,
  request: CancelRequest,
): Promise<CancelVerdict | 'ended' | undefined> {
  const over = new AbortController()
  const bounded = AbortSignal.any([enough, over.signal])
  const asked = orEnded(askWorkflow(reader, id, request, bounded))
  try {
    return await reader.withAbortSignal(bounded, () =>
      Promise.race([verdictFrom(asked), unknownWhenSilent(reader, id, bounded)]),
    )
  } catch (error) {
    if (!enough.aborted) throw error
    await asked
    return undefined
  } finally {
    over.abort()
  }
}

/** The verdict that an ended invocation has. */
export function verdictOf({ error }: Invocation): CancelVerdict {
  const verdict = isPlainObject(error?.details) ? error.details['verdict'] : undefined
  return CANCEL_VERDICTS.find((one) => one === verdict) ?? verdictAfter(error?.code)
}

type Asked = WorkflowUpdateHandle<CancelVerdict> | 'kept'

/**
 * Resolves once the workflow has heard of it, or is to hear of it first of all. Not cut off before {@link ASK_MS}: it
 * may be on its way to Temporal.
 */
async function askWorkflow(reader: Client, id: string, request: CancelRequest, over: AbortSignal): Promise<Asked> {
  const cut = new AbortController()
  const isOver = over.aborted ? Promise.resolve() : once(over, 'abort')
  void Promise.all([delay(ASK_MS, undefined, { ref: false }), isOver]).then(() => cut.abort())
  const handle = reader.workflow.getHandle(id)
  try {
    return await reader.withAbortSignal(cut.signal, () =>
      handle.startUpdate<CancelVerdict, [CancelRequest]>(CANCEL_UPDATE, {
        args: [request],
        updateId: UPDATE_ID,
        waitForStage: WorkflowUpdateStage.ACCEPTED,
      }),
    )
  } catch (error) {
    if (!cut.signal.aborted || isWorkflowNotFound(error)) throw error
    await handle.cancel()
    return 'kept'
  }
}

async function verdictFrom(asked: Promise<Asked | 'ended'>): Promise<CancelVerdict | 'ended' | undefined> {
  const update = await asked
  if (update === 'kept') return undefined
  return update === 'ended' ? update : orEnded(update.result())
}

async function orEnded<T>(answer: Promise<T>): Promise<T | 'ended'> {
  try {
    return await answer
  } catch (error) {
    if (isWorkflowNotFound(error)) return 'ended'
    throw error
  }
}

/** Never resolves while an agent is heard of. Compares what Temporal's clock says with itself, and with no other. */
async function unknownWhenSilent(reader: Client, id: string, over: AbortSignal): Promise<CancelVerdict> {
  const before = await lastHeard(reader, id)
  await delay(before?.isPushed === true ? PUSH_SILENT_MS : SILENT_MS, undefined, { signal: over })
  const after = await lastHeard(reader, id)
  if (before !== undefined && before.at === after?.at) return 'unknown'
  return new Promise(() => undefined)
}

/** When the agent that has it was heard of last; `undefined` when none has it. */
async function lastHeard(
  reader: Client,
  id: string,
): Promise<{ readonly at: string; readonly isPushed: boolean } | undefined> {
  const { raw } = await reader.workflow.getHandle(id).describe()
  const { activity } = newestAttempt(raw) ?? {}
  if (!activity || !isBegun(activity)) return undefined
  const { seconds, nanos } = activity.lastHeartbeatTime ?? activity.lastStartedTime ?? {}
  return { at: `${String(seconds)}.${String(nanos)}`, isPushed: isPushed(activity) }
}
