/** What can go wrong with the database, in words that a vendor may see: no host, no user, no password. */
import pg from 'pg'

export type WarehouseErrorCode =
  'invalid_credentials' | 'credentials_refused' | 'unreachable' | 'busy' | 'statement_timeout' | 'statement_failed'

export class WarehouseError extends Error {
  override readonly name = 'WarehouseError'
  readonly code: WarehouseErrorCode

  constructor(code: WarehouseErrorCode, message: string) {
    super(message)
    this.code = code
  }
}

const SECRET = 'secret "warehouse" in vault "credentials"'
/** Also what a server says that has none but this user's rights to check: no such role, no such database. */
const REFUSED = new Set(['28P01', '28000', '3D000'])
const QUERY_CANCELED = '57014'

/** Without the original as its cause, which quotes the connection. */
export function warehouseError(error: unknown): WarehouseError {
  if (error instanceof WarehouseError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (!(error instanceof pg.DatabaseError)) {
    const reason = code ?? 'no answer'
    return new WarehouseError(
      'unreachable',
      `the database cannot be reached (${reason}); check host and port in ${SECRET}`,
    )
  }
  if (code !== undefined && REFUSED.has(code)) {
    return new WarehouseError('credentials_refused', `the database refuses the credentials (${code}); renew ${SECRET}`)
  }
  if (code === QUERY_CANCELED) {
    return new WarehouseError(
      'statement_timeout',
      'the statement took longer than the invocation may; give it more time',
    )
  }
  return new WarehouseError('statement_failed', `the database says: ${error.message} (${code ?? 'no code'})`)
}
