import { CommandError } from '../../protocol/errors.js'

/** SQLSTATE's classes of connections, and of what PostgreSQL ends connections with when it stops or has crashed. */
const ENDED = /^(08|57P)/
const BROKEN = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'ETIMEDOUT'])

/** A connection to PostgreSQL that broke under a query, as `unavailable`; `undefined` for anything else. */
export function registryTrouble(thrown: unknown): CommandError | undefined {
  if (!(thrown instanceof Error)) return undefined
  const { code = '' } = thrown as { readonly code?: unknown }
  // That the socket ended has no code.
  const isLost = typeof code === 'string' && (ENDED.test(code) || BROKEN.has(code))
  if (!isLost && thrown.message !== 'Connection terminated unexpectedly') return undefined
  return new CommandError('unavailable', 'the registry cannot be reached; try again in a moment', { cause: thrown })
}
