/** Waits for what an invocation that was just started comes to. */
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
  using told = deps.told.listen(call.id)
  const started = await startInvocation(deps, call)
  const early = started.isHere ? await within(TOLD_WITHIN_MS, enough, told.outcome) : undefined
  if (early !== undefined) return { started, outcome: early }
  const polling = new AbortController()
  // The worker may lose the workflow to another process, and never tells of one that was terminated.
  const recorded = outcomeUntil(deps, AbortSignal.any([enough, polling.signal]), call.id, started.runId)
  try {
    return { started, outcome: await Promise.race([told.outcome, recorded]) }
  } finally {
    polling.abort()
  }
}

/** `undefined` when it takes longer, or `enough` aborts before. */
function within<Value>(timeMs: number, enough: AbortSignal, value: Promise<Value>): Promise<Value | undefined> {
  return new Promise((resolve) => {
    const settle = (settled?: Value): void => {
      clearTimeout(timer)
      enough.removeEventListener('abort', giveUp)
      resolve(settled)
    }
    const giveUp = () => settle()
    const timer = setTimeout(giveUp, timeMs)
    enough.addEventListener('abort', giveUp, { once: true })
    if (enough.aborted) giveUp()
    void value.then(settle)
  })
}
