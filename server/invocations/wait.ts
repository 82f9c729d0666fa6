/** Waits for what an invocation that was just started comes to. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Outcome } from '../../protocol/invocation.js'
import { outcomeUntil } from './read.js'
import type { InvocationDeps } from './service.js'
import { startInvocation, type Call, type StartedInvocation } from './start.js'

/** What is over sooner is told by the worker in this process; for anything longer, one more long poll costs nothing. */
const TOLD_WITHIN_MS = 1_000

/** @throws {CommandError} as {@link startInvocation} */
export async function startAndWait(
  deps: InvocationDeps,
  call: Call,
  enough: AbortSignal,
): Promise<{ started: StartedInvocation; outcome: Outcome | undefined }> {
  const told = deps.told.next(call.id, enough)
  const started = await startInvocation(deps, call)
  const early = started.isHere
    ? await Promise.race([told, delay(TOLD_WITHIN_MS, undefined, { signal: enough }).catch(() => undefined)])
    : undefined
  // The worker may lose the workflow to another process, and never tells of one that was terminated.
  const outcome = early ?? (await Promise.race([told, outcomeUntil(deps, enough, call.id, started.runId)]))
  return { started, outcome }
}
