const MAX_BACKOFF_MS = 60_000

/** Before redelivery number `times` of one cause: none before the first, then doubling up to a minute. */
export const redeliveryBackoffMs = (times: number): number =>
  times <= 1 ? 0 : Math.min(1_000 * 2 ** (times - 2), MAX_BACKOFF_MS)
