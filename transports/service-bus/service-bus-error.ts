/** What Microsoft's SDKs throw of a queue and of the credentials for it, made into a `DeliveryError`. */
import { BindingError } from '../../bindings/binding-error.js'
import { DeliveryError } from '../delivery-error.js'
import { deliveryError, tokenVerdict, verdictError, type Target, type Verdict } from '../sdk-error.js'

/** Service Bus has no status, but words. */
const VERDICTS: Readonly<Record<string, Verdict>> = {
  MessagingEntityNotFound: 'missing',
  MessagingEntityDisabled: 'disabled',
  MessageSizeExceeded: 'refused',
  QuotaExceeded: 'busy',
  ServiceBusy: 'busy',
}

/** @param otherwise What it is when nothing was said: a time-out, a connection that broke */
export function serviceBusError(target: Target, error: unknown, otherwise: Verdict): Error {
  if (!(error instanceof Error) || error instanceof DeliveryError || error instanceof BindingError) {
    return deliveryError(target, error)
  }
  const code = wordOf(error)
  return verdictError(VERDICTS[code] ?? aboutCredentials(error, code) ?? otherwise, target, code, error)
}

/** Under `GeneralError` the SDK has all that it has no code for, and begins its text with that. */
function wordOf(error: Error): string {
  const code = 'code' in error ? String(error.code) : error.name
  return code === 'GeneralError' ? (/^\w+(?=: )/.exec(error.message)?.[0] ?? code) : code
}

/** The same word is for a token that is not good and for one without the right, which the text then names. */
function aboutCredentials(error: Error, code: string): Verdict | undefined {
  const { name, message } = error
  if (code === 'UnauthorizedAccess') return message.includes('claim(s) are required') ? 'denied' : 'credentials'
  if (!/Authentication|Credential/.test(name)) return undefined
  // Of those that were tried, one which is not to be had here says so by its name, whatever it ran into.
  const tried = 'errors' in error ? (error.errors as readonly Error[]) : [error]
  const found = tried.filter((one) => one.name !== 'CredentialUnavailableError')
  return tokenVerdict(found.map((one) => one.message).join('\n'))
}
