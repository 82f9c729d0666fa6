/** Whether an attack got through: by what it says itself, by what Temporal saw of it, and by what is left standing. */
import { Breach, type Arena, type Attack, type Scale } from './attack.js'
import { NAMESPACE } from './battlefield.js'
import { assertSlim, memoryOf } from './memory.js'
import type { RecordedCall } from './recorder.js'
import { breachOf, identityIn, workflowOfToken, type Rights } from './rights.js'

export interface Verdict {
  readonly name: string
  readonly without: string
  /** Whether the attack got through: the defence failed. */
  readonly passed: boolean
  /** How it was repelled, or how it got through. */
  readonly how: string
  /** Calls of it that Temporal saw. */
  readonly reached: number
  readonly tookMs: number
  /** By how much the control plane's resident memory grew, garbage collected; absent where others ran beside it. */
  readonly grownBytes?: number
}

/** Of the invocations that run all the while, at which nobody but their own agents may touch. */
export interface Bystander {
  readonly invocationId: string
  /** Events in its history. */
  readonly events: number
}

export async function judge(
  attack: Attack,
  arena: Arena,
  scale: Scale,
  bystanders: readonly Bystander[],
): Promise<Verdict> {
  const { name, without } = attack
  const before = arena.recorder.calls.length
  const startMs = performance.now()
  const memory = scale.oneByOne ? await memoryOf(arena) : undefined
  let how: string
  let passed = false
  let seen: readonly RecordedCall[] = []
  try {
    how = await attack.run(arena, scale)
    seen = callsOf(arena, before)
    assertHarmless(attack, arena, seen)
    await assertStanding(arena, bystanders)
    if (memory) await assertSlim(arena, memory, scale)
  } catch (error) {
    seen = callsOf(arena, before)
    passed = true
    how = error instanceof Breach ? error.message : `failed: ${String(error)}`
  }
  const grown = memory && { grownBytes: (await memoryOf(arena)).rssBytes - memory.rssBytes }
  return {
    name,
    without,
    ...grown,
    passed,
    how,
    reached: seen.length,
    tookMs: Math.round(performance.now() - startMs),
  }
}

/** What the control plane sent on since, except for those who do what they should. */
function callsOf({ recorder, acme, evil }: Arena, since: number): RecordedCall[] {
  const innocent = new Set(
    [acme, evil].flatMap((side) => side.innocentTokenIds.map((id) => `agent/${side.name}/${id}`)),
  )
  return recorder.calls
    .slice(since)
    .filter(({ caller, path, request }) => caller === 'control plane' && !innocent.has(identityIn(path, request)))
}

function assertHarmless({ mayReach }: Attack, arena: Arena, calls: readonly RecordedCall[]): void {
  if (mayReach === 'other agents') return
  const [first] = calls
  if (mayReach === 'nothing' && first) throw new Breach(`${calls.length} calls reached Temporal, first ${first.path}`)
  const rights = rightsOf(arena)
  for (const { path, request } of calls) {
    if (mayReach === 'vendor' && isApiCall(path, request)) continue
    const breach = breachOf(path, request, rights)
    if (breach !== undefined) throw new Breach(`reached Temporal: ${breach}`)
  }
}

/** What the API itself asks, while commands are invoked beside an attack. */
const API_METHODS =
  /\/(Start|Describe|RequestCancel)WorkflowExecution$|\/GetWorkflowExecutionHistory$|\/DescribeNamespace$/

const isApiCall = (path: string, request: Uint8Array): boolean =>
  API_METHODS.test(path) && !identityIn(path, request).startsWith('agent/')

const rightsOf = ({ evil, acmeTask }: Arena): Rights => ({
  namespace: NAMESPACE,
  identity: `agent/${evil.name}/${evil.tokenId}`,
  queues: new Set([evil.queue, evil.rawQueue]),
  ownsToken: (token) => workflowOfToken(token) !== acmeTask.invocationId,
})

const ANSWERS_WITHIN_MS = 5_000

/** The process is the one it was and answers, and what ran goes on as if nothing was. */
async function assertStanding({ url, pid, temporal }: Arena, bystanders: readonly Bystander[]): Promise<void> {
  const healthy = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) }).catch(
    () => undefined,
  )
  if (healthy?.status !== 200) throw new Breach(`the control plane did not answer within ${ANSWERS_WITHIN_MS} ms`)
  if (!alive(pid)) throw new Breach('the control plane crashed')
  for (const { invocationId, events } of bystanders) {
    const { status, historyLength } = await temporal.workflow.getHandle(invocationId).describe()
    if (status.name !== 'RUNNING' || historyLength !== events) {
      throw new Breach(`${invocationId} is ${status.name} and went from ${events} events to ${historyLength}`)
    }
  }
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
