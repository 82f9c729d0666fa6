/** Errors of the clouds' SDKs, told apart and translated, without their messages, which quote what was sent. */
import { BindingError } from './binding-error.js'

/** What the SDKs of Amazon, Google and Azure say of an error, each by other fields. */
export interface CloudError {
  /** HTTP status, or `undefined` when no answer came. */
  readonly status: number | undefined
  /** The service's own word for it, e.g. `NoSuchBucket`; else the error's name or the system's code. */
  readonly code: string
}

/** gRPC's codes, which Google's libraries give in the place of HTTP's. */
const GRPC_STATUS: Readonly<Record<number, number>> = {
  3: 400,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 412,
  14: 503,
  16: 401,
}

export function cloudError(error: unknown): CloudError {
  const fields = (error instanceof Error ? error : {}) as Readonly<Record<string, unknown>>
  const metadata = fields['$metadata'] as { readonly httpStatusCode?: unknown } | undefined
  const status = [metadata?.httpStatusCode, fields['statusCode'], fields['status'], fields['code']].find(isNumber)
  const code = [fields['Code'], fields['code'], fields['name']].find((value) => typeof value === 'string')
  return {
    status: status === undefined ? undefined : (GRPC_STATUS[status] ?? status),
    code: typeof code === 'string' ? code : 'unknown error',
  }
}

const isNumber = (value: unknown): value is number => typeof value === 'number'

const CREDENTIALS_MISSING = /Credential|Authentication|could not load the default/i

/** What one operation is, for the message of its failure. */
export interface CloudOperation {
  /** The binding and the thing, e.g. `object "a" in storage "workspace"`. */
  readonly where: string
  /** The service, e.g. `S3`. */
  readonly service: string
  /** What the operation needs, in the service's own words, e.g. `s3:GetObject on arn:aws:s3:::bucket/*`. */
  readonly permission: string
}

/** Runs `action`; what it throws becomes a `BindingError`, with the original as `cause`. Those of ours pass. */
export async function translateCloudErrors<T>(operation: CloudOperation, action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    throw toBindingError(operation, error)
  }
}

export function toBindingError({ where, service, permission }: CloudOperation, error: unknown): BindingError {
  if (error instanceof BindingError) return error
  const { status, code } = cloudError(error)
  const options = { cause: error }
  if (status === 401 || (status === undefined && isAboutCredentials(error, code))) {
    const problem = `${service} does not accept this process's credentials, or there are none (${code})`
    return new BindingError('access_denied', `${where}: ${problem}`, options)
  }
  if (status === 403) {
    return new BindingError('access_denied', `${where}: ${service} denies it (${code}); allow ${permission}`, options)
  }
  if (status === 404) {
    const problem = `${service} does not have what the binding names (${code}); create it, or correct the binding`
    return new BindingError('invalid_configuration', `${where}: ${problem}`, options)
  }
  const shown = status === undefined ? code : `${status} ${code}`
  return new BindingError('unavailable', `${where}: ${service} failed (${shown}); try again`, options)
}

const isAboutCredentials = (error: unknown, code: string): boolean =>
  CREDENTIALS_MISSING.test(code) || (error instanceof Error && CREDENTIALS_MISSING.test(error.message))
