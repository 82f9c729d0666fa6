/** Where a consumer's queue is: option, else environment, else an error. */
import { CommandError } from '../../protocol/errors.js'

type BusAddress = { readonly connectionString: string } | { readonly namespace: string }

interface Given {
  readonly namespace?: string
  readonly connectionString?: string
}

type Environment = Readonly<Record<string, string | undefined>>

/** What the program names is not outdone by a variable. @throws {CommandError} `invalid_request` when nothing is set */
export function busAddress(given: Given, environment: Environment = process.env): BusAddress {
  for (const { connectionString = '', namespace = '' } of [given, fromEnvironment(environment)]) {
    if (connectionString !== '') return { connectionString }
    if (namespace !== '') return { namespace }
  }
  throw missingSetting('SERVICEBUS_NAMESPACE')
}

const fromEnvironment = (environment: Environment) => ({
  connectionString: environment['SERVICEBUS_CONNECTION_STRING'],
  namespace: environment['SERVICEBUS_NAMESPACE'],
})

export const missingSetting = (variable: string): CommandError =>
  new CommandError('invalid_request', `a Service Bus consumer needs ${variable}`)
