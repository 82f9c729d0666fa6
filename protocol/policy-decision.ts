/** Whether the customer's policy lets a command run, and how a caller is told that it does not. */
import { matchesPattern } from './name-pattern.js'
import type { CustomerPolicy } from './customer-policy.js'
import { CommandError } from './errors.js'

/** `unreadable`: there is a policy file, and nobody can say what it allows. Then it allows nothing. */
export type PolicyState = { readonly kind: 'policy'; readonly policy: CustomerPolicy } | { readonly kind: 'unreadable' }

/** Without a policy file everything may run. */
export const NO_POLICY: PolicyState = { kind: 'policy', policy: {} }

type PolicyRule = 'unreadable' | 'killSwitch' | 'deny' | 'allow' | 'readOnly' | 'maxParamsBytes'

/** A command as far as a policy is concerned with it. */
export interface JudgedCommand {
  readonly name: string
  /** As its author declares it. */
  readonly readOnly: boolean
  /** Size of the params as JSON; asked for only where the policy limits it. */
  readonly paramsBytes: () => number
}

export interface PolicyRefusal {
  /** The first rule that forbids it, in the order of {@link PolicyRule}. */
  readonly rule: PolicyRule
  /** Of the rule `deny`. */
  readonly pattern?: string
  /** What the rule says of the command, to be read after "refused it: ". */
  readonly because: string
  /** The customer's own words. */
  readonly reason?: string
}

/** `undefined` when it may run. */
export function refusalOf(state: PolicyState, command: JudgedCommand): PolicyRefusal | undefined {
  if (state.kind === 'unreadable') {
    return { rule: 'unreadable', because: 'its file cannot be read, and nothing may run until it is repaired' }
  }
  const { policy } = state
  const refusal = brokenRule(policy, command)
  return refusal && policy.reason !== undefined ? { ...refusal, reason: policy.reason } : refusal
}

function brokenRule(policy: CustomerPolicy, { name, readOnly, paramsBytes }: JudgedCommand): PolicyRefusal | undefined {
  const { allow, deny = [], maxParamsBytes } = policy
  if (policy.killSwitch === true) return { rule: 'killSwitch', because: 'its kill switch is on, and nothing may run' }
  const pattern = deny.find((candidate) => matchesPattern(candidate, name))
  if (pattern !== undefined) return { rule: 'deny', pattern, because: `it matches deny pattern "${pattern}"` }
  if (allow !== undefined && !allow.some((candidate) => matchesPattern(candidate, name))) {
    return { rule: 'allow', because: 'it matches no allow pattern' }
  }
  if (policy.readOnly === true && !readOnly) {
    return { rule: 'readOnly', because: 'it is not declared read-only, and only commands that are may run' }
  }
  if (maxParamsBytes === undefined) return undefined
  const bytes = paramsBytes()
  if (bytes <= maxParamsBytes) return undefined
  return { rule: 'maxParamsBytes', because: `its params are ${bytes} bytes of JSON, the limit is ${maxParamsBytes}` }
}

/** The error that a caller sees. */
export function refusedError(refusal: PolicyRefusal, command: string, deployment: string): CommandError {
  const { rule, pattern, because, reason } = refusal
  return new CommandError(
    'refused',
    `the customer's policy refused "${command}" on "${deployment}": ${because}${reasonText(reason)}`,
    { details: { rule, ...(pattern === undefined ? {} : { pattern }) } },
  )
}

/** The end of a message, where the customer gives a reason. */
export const reasonText = (reason: string | undefined): string => (reason === undefined ? '' : `; reason: ${reason}`)
