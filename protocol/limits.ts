/** Sizes and times that both ends must agree on. */

/**
 * Greatest size of `params` and of a result, as JSON in bytes. Temporal refuses a payload over 2 MiB
 * (`limit.blobSize.error`); 64 KiB are left for what travels beside it.
 */
export const MAX_PAYLOAD_BYTES = 2 * 1024 * 1024 - 64 * 1024

/** Greatest HTTP body: params at their limit, and the call around them. */
export const MAX_BODY_BYTES = MAX_PAYLOAD_BYTES + 32 * 1024

/** Greatest HTTP body of a handler runtime: result and checkpoint at their limits, and what its handler said meanwhile. */
export const MAX_REPORT_BODY_BYTES = 2 * MAX_PAYLOAD_BYTES

/** Functions of a deployment that may publish commands. */
export const MAX_FUNCTIONS = 50

/** Greatest size of all that the functions of a deployment publish, as JSON in bytes. */
export const MAX_MANIFEST_BYTES = 2_000_000

/** Longest time a request is held open for a result: proxies commonly cut at 60 s. */
export const MAX_WAIT_MS = 55_000

/**
 * Greatest size of a checkpoint, as JSON in bytes. It travels beside the params, and takes most of what they leave of
 * Temporal's limit.
 */
export const MAX_CHECKPOINT_BYTES = 64_000

/**
 * An agent ends an attempt whose time is over by itself, and says so; Temporal's own time-outs, for agents that cannot,
 * are this much later.
 */
export const REPORTING_GRACE_MS = 5_000

/** Longest pause that a handler may ask for before it is run again. */
export const MAX_RETRY_AFTER_MS = 86_400_000

/** Greatest length of a progress report's message, in characters. */
export const MAX_PROGRESS_MESSAGE = 1_000
