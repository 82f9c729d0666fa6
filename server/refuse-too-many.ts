import { CommandError } from '../protocol/errors.js'
import type { Exchange } from './route.js'

/**
 * @param waitMs as the limiter counted it; 0: it is not one too many
 * @throws {CommandError} `rate_limited`
 */
export function refuseTooMany(
  exchange: Pick<Exchange, 'response'>,
  { perSecond }: { readonly perSecond: number },
  waitMs: number,
  who: string,
): void {
  if (waitMs === 0) return
  const message = `${who} makes more than ${perSecond} calls a second; try again in ${waitMs} ms, or call less often`
  throw heldOff(exchange, waitMs, message)
}

/** Says as well in the answer's header when to come again. */
export function heldOff({ response }: Pick<Exchange, 'response'>, waitMs: number, message: string): CommandError {
  response.set('retry-after', String(Math.ceil(waitMs / 1_000)))
  return new CommandError('rate_limited', message)
}
