import { CommandError } from '../protocol/errors.js'
import type { Exchange } from './route.js'

/**
 * @param waitMs as the limiter counted it; 0: it is not one too many
 * @throws {CommandError} `rate_limited`
 */
export function refuseTooMany(
  { response }: Pick<Exchange, 'response'>,
  { perSecond }: { readonly perSecond: number },
  waitMs: number,
  who: string,
): void {
  if (waitMs === 0) return
  response.set('retry-after', String(Math.ceil(waitMs / 1_000)))
  throw new CommandError(
    'rate_limited',
    `${who} makes more than ${perSecond} calls a second; try again in ${waitMs} ms, or call less often`,
  )
}
