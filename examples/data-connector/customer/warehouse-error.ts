/** What can go wrong with the database, in words that a vendor may see: no host, no user, no password. */
import pg from 'pg'

export type WarehouseErrorCode =
  | 'invalid_credentials'
  | 'credentials_refused'
  | 'tls_failed'
  | 'unreachable'
  | 'busy'
  | 'statement_timeout'
  | 'statement_failed'

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

/** What Node says of certificates and handshakes. */
const TLS_CODE = /^(ERR_(TLS|SSL)_|CERT_|UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|HOSTNAME_MISMATCH|EPROTO)/
/** What `pg` says by its text alone, which quotes nothing. */
const TLS_TEXT = /^(The server does not support SSL connections|There was an error establishing an SSL connection)$/
const NO_PASSWORD = /^SASL: SCRAM-SERVER-FIRST-MESSAGE: client password must be a /

/** Without the original as its cause, which quotes the connection. */
export function warehouseError(error: unknown): WarehouseError {
  if (error instanceof WarehouseError) return error
  const code = error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined
  if (!(error instanceof pg.DatabaseError)) return connectionError(code, error instanceof Error ? error.message : '')
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

function connectionError(code: string | undefined, message: string): WarehouseError {
  if (NO_PASSWORD.test(message)) {
    return new WarehouseError('credentials_refused', `the database asks for a password; give one in ${SECRET}`)
  }
  if (message.startsWith('SASL: ')) {
    return new WarehouseError(
      'credentials_refused',
      `the database and its client disagree on how to log in; renew ${SECRET}`,
    )
  }
  if (TLS_TEXT.test(message) || (code !== undefined && TLS_CODE.test(code))) {
    const reason = code ?? 'it does not speak it'
    return new WarehouseError('tls_failed', `TLS with the database failed (${reason}); check ssl in ${SECRET}`)
  }
  const reason = code ?? 'no answer'
  return new WarehouseError(
    'unreachable',
    `the database cannot be reached (${reason}); check host and port in ${SECRET}`,
  )
}
