/** Errors of the clouds' SDKs, told apart and translated, without their messages, which quote what was sent. */
import { BindingError, type BindingErrorCode } from './binding-error.js'

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
  const words = [fields['Code'], fields['code'], reasonOf(fields['errors']), fields['name']]
  const code = words.find((value) => typeof value === 'string')
  return {
    status: status === undefined ? undefined : (GRPC_STATUS[status] ?? status),
    code: typeof code === 'string' ? code : 'unknown error',
  }
}

/** Of the first of the errors that Cloud Storage lists. */
const reasonOf = (errors: unknown): unknown =>
  Array.isArray(errors) ? (errors as readonly { readonly reason?: unknown }[])[0]?.reason : undefined

const isNumber = (value: unknown): value is number => typeof value === 'number'

const CREDENTIALS_MISSING = /Credential|Authentication|could not load the default/i

/** Amazon's services, but for S3, deny by 400, as they answer all bad calls; so its own words go before the status. */
const DENIED = /^AccessDenied(Exception)?$/
const BAD_CREDENTIALS =
  /^(UnrecognizedClient|ExpiredToken|RequestExpired|InvalidToken|InvalidSignature|IncompleteSignature|SignatureDoesNotMatch|InvalidAccessKeyId|InvalidClientTokenId|MissingAuthenticationToken)(Exception)?$/

/** What S3 says of a bucket in another region; of a `HEAD` there is the status alone. */
const OTHER_REGION = /^(PermanentRedirect|AuthorizationHeaderMalformed)$/

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

export function toBindingError(operation: CloudOperation, error: unknown): BindingError {
  if (error instanceof BindingError) return error
  const [code, problem] = problemOf(operation, error)
  return new BindingError(code, `${operation.where}: ${problem}`, { cause: error })
}

function problemOf({ service, permission }: CloudOperation, error: unknown): readonly [BindingErrorCode, string] {
  const { status, code } = cloudError(error)
  if (status === undefined && error instanceof Error && error.message === 'Region is missing') {
    return ['invalid_configuration', `no region is set for ${service}; set "region" in the binding, or AWS_REGION`]
  }
  if (status === 301 || OTHER_REGION.test(code)) {
    const problem = `${service} has it in another region than the one that was asked (${code})`
    return ['invalid_configuration', `${problem}; set "region" in the binding, or AWS_REGION, to that of the bucket`]
  }
  if (status === 401 || BAD_CREDENTIALS.test(code) || (status === undefined && isAboutCredentials(error, code))) {
    return ['access_denied', `${service} does not accept this process's credentials, or there are none (${code})`]
  }
  if (status === 403 || DENIED.test(code)) {
    return ['access_denied', `${service} denies it (${code}); allow ${permission}`]
  }
  if (status === 404) {
    const problem = `${service} does not have what the binding names (${code}); create it, or correct the binding`
    return ['invalid_configuration', problem]
  }
  return ['unavailable', `${service} failed (${status === undefined ? code : `${status} ${code}`}); try again`]
}

const isAboutCredentials = (error: unknown, code: string): boolean =>
  CREDENTIALS_MISSING.test(code) || (error instanceof Error && CREDENTIALS_MISSING.test(error.message))
