/**
 * The one closed table of everything that can go wrong, and what follows from each code. HTTP statuses, CLI exit
 * codes, the clients' retries and the table in ARCHITECTURE.md are all read from here.
 */
interface ErrorTrait {
  /**
   * HTTP status when the code is the answer to a request. `200`: it is only ever the outcome of an invocation, and that is
   * a good answer, whatever the code.
   */
  readonly httpStatus: number
  /** Exit code of `alien`, one per kind of remedy. */
  readonly exitCode: number
  /** Whether trying the same call again may help. `policy`: the command's retry policy decides. */
  readonly retryable: boolean | 'policy'
  readonly meaning: string
}

export const ERROR_CODES = {
  invalid_request: { httpStatus: 400, exitCode: 2, retryable: false, meaning: 'the call itself is malformed' },
  invalid_params: { httpStatus: 400, exitCode: 2, retryable: false, meaning: "the params break the command's schema" },
  unauthenticated: { httpStatus: 401, exitCode: 7, retryable: false, meaning: 'no token, or one nobody issued' },
  permission_denied: { httpStatus: 403, exitCode: 7, retryable: false, meaning: "the token's scope excludes this" },
  deployment_not_found: { httpStatus: 404, exitCode: 2, retryable: false, meaning: 'no such deployment' },
  invocation_not_found: { httpStatus: 404, exitCode: 2, retryable: false, meaning: 'no such invocation' },
  command_not_found: { httpStatus: 404, exitCode: 2, retryable: false, meaning: 'the deployment has no such command' },
  token_not_found: { httpStatus: 404, exitCode: 2, retryable: false, meaning: 'no such API key or agent token' },
  conflict: {
    httpStatus: 409,
    exitCode: 2,
    retryable: false,
    meaning: 'the name is taken, or the idempotency key was used with other params',
  },
  payload_too_large: {
    httpStatus: 413,
    exitCode: 2,
    retryable: false,
    meaning: 'params or result over the limit; never run again because of it',
  },
  rate_limited: { httpStatus: 429, exitCode: 8, retryable: true, meaning: 'too many calls; see Retry-After' },
  unavailable: {
    httpStatus: 503,
    exitCode: 8,
    retryable: true,
    meaning: 'the control plane, or the agent, cannot do it now',
  },
  command_failed: {
    httpStatus: 200,
    exitCode: 1,
    retryable: 'policy',
    meaning: "the handler threw, or the customer's kill switch stopped it",
  },
  invalid_result: {
    httpStatus: 200,
    exitCode: 1,
    retryable: false,
    meaning: "the handler's result breaks the schema or is not JSON",
  },
  deployment_offline: {
    // Not 5xx: that a customer's agent is away is no trouble of the control plane, nor for proxies to repeat.
    httpStatus: 409,
    exitCode: 3,
    retryable: true,
    meaning: 'no agent took it within the queue time-out, or none is online (`failFast`); nothing ran',
  },
  delivery_failed: {
    httpStatus: 200,
    exitCode: 3,
    retryable: false,
    meaning: 'what the deployment is pushed to does not take it: missing, forbidden or misconfigured; nothing ran',
  },
  refused: { httpStatus: 200, exitCode: 7, retryable: false, meaning: "the customer's policy refused it; nothing ran" },
  timed_out: { httpStatus: 200, exitCode: 4, retryable: 'policy', meaning: 'it started, and ran out of its time' },
  outcome_unknown: {
    httpStatus: 200,
    exitCode: 6,
    retryable: false,
    meaning: 'it was delivered and its agent was lost; it may or may not have run to its end',
  },
  canceled: { httpStatus: 200, exitCode: 5, retryable: false, meaning: 'it was canceled' },
  internal: { httpStatus: 500, exitCode: 70, retryable: true, meaning: 'a defect of ours; carries the request id' },
} as const satisfies Record<string, ErrorTrait>

export type ErrorCode = keyof typeof ERROR_CODES

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(ERROR_CODES, value)

/** Of an outcome: its handler was not entered. */
export const SAYS_NOTHING_RAN: ReadonlySet<ErrorCode> = new Set([
  'deployment_offline',
  'refused',
  'command_not_found',
  'invalid_params',
  'unavailable',
  'delivery_failed',
])
