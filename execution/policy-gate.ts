/**
 * Where the customer's policy meets the attempts of an agent: each is admitted or refused before its handler is
 * entered, and those under way are stopped when the kill switch is thrown.
 *
 * Invariants:
 *  G1  a refused attempt has run nothing
 *  G2  after the kill switch is thrown no attempt is under way
 */
import type { CustomerPolicy } from '../protocol/customer-policy.js'
import { CommandError } from '../protocol/errors.js'
import type { JsonValue } from '../protocol/json.js'
import { STOPPED_BY_POLICY } from '../protocol/names.js'
import { NO_POLICY, reasonText, refusalOf, refusedError, type PolicyState } from '../protocol/policy-decision.js'

/** One attempt that asks to run. */
export interface AttemptToAdmit {
  readonly command: string
  /** As its author declares it. */
  readonly readOnly: boolean
  readonly params: JsonValue
  /** The deployment's name. */
  readonly deployment: string
}

/** An attempt under way, with the policy's bounds as they were when it began. To be disposed when it ends. */
export interface Admission extends Disposable {
  readonly maxRunTimeMs: number | undefined
  readonly maxResultBytes: number | undefined
  /** Aborts when the kill switch is thrown; its reason is the error to end the attempt with. */
  readonly stopped: AbortSignal
}

interface Running {
  readonly attempt: AttemptToAdmit
  readonly controller: AbortController
}

export class PolicyGate {
  #state: PolicyState
  readonly #running = new Set<Running>()

  /** Until the policy is changed. Default: everything may run. */
  constructor(state: PolicyState = NO_POLICY) {
    this.#state = state
  }

  /** In force from now on. What runs goes on, unless the kill switch is on. */
  change(state: PolicyState): void {
    this.#state = state
    if (state.kind !== 'policy' || state.policy.killSwitch !== true) return
    for (const { attempt, controller } of this.#running) controller.abort(stoppedError(attempt, state.policy))
  }

  /** @throws {CommandError} `refused`, with the rule and, for the rule `deny`, its pattern as details */
  check({ command, readOnly, params, deployment }: AttemptToAdmit): void {
    const paramsBytes = () => Buffer.byteLength(JSON.stringify(params))
    const refusal = refusalOf(this.#state, { name: command, readOnly, paramsBytes })
    if (refusal !== undefined) throw refusedError(refusal, command, deployment)
  }

  /** @throws {CommandError} as `check` does */
  admit(attempt: AttemptToAdmit): Admission {
    this.check(attempt)
    const running: Running = { attempt, controller: new AbortController() }
    this.#running.add(running)
    const { maxRunTime, maxResultBytes } = this.#state.kind === 'policy' ? this.#state.policy : {}
    return {
      maxRunTimeMs: maxRunTime,
      maxResultBytes,
      stopped: running.controller.signal,
      [Symbol.dispose]: () => void this.#running.delete(running),
    }
  }
}

/** Not `refused`, which says that nothing ran. The code in the details keeps the workflow from running it again. */
function stoppedError({ command, deployment }: AttemptToAdmit, { reason }: CustomerPolicy): CommandError {
  const message = `the customer's policy stopped "${command}" on "${deployment}" while it ran: its kill switch was thrown${reasonText(reason)}`
  return new CommandError('command_failed', message, {
    details: { name: 'CustomerPolicy', message, code: STOPPED_BY_POLICY, details: { rule: 'killSwitch' } },
  })
}
