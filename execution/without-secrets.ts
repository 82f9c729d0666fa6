/** What an attempt lets out, without the secrets that it read from a vault. */
import { RedactedFlow } from '../bindings/vault/redact-flow.js'
import { SecretScope } from '../bindings/vault/secret-scope.js'
import { CommandError } from '../protocol/errors.js'
import type { JsonValue } from '../protocol/json.js'
import type { CommandLog, LogMethod } from '../sdk/context.js'

/** Any JSON value, without the secrets of the attempt that this code runs for. */
export const withoutSecrets = (value: JsonValue): JsonValue => SecretScope.current().redactor.json(value)

/** The scope is that of the attempt that asks, whoever calls the log. Each level is a flow: stdout and stderr may be two. */
export function logWithoutSecrets(log: CommandLog): CommandLog {
  const scope = SecretScope.current()
  const redacted = (write: LogMethod): LogMethod => {
    const flow = new RedactedFlow()
    return (message: unknown, fields) => {
      const { redactor } = scope
      // What handlers pass is not always what the type says, and no log line may end them.
      const text = flow.text(redactor, typeof message === 'string' ? message : String(message))
      if (redactor.isEmpty || fields === undefined) {
        write(text, fields)
        return
      }
      const json = fieldsJson(fields)
      if (json === undefined) write(`${text} [fields left out: not JSON]`)
      else write(text, JSON.parse(redactor.jsonText(json)) as Record<string, unknown>)
    }
  }
  const { debug, info, warn, error } = log
  return { debug: redacted(debug), info: redacted(info), warn: redacted(warn), error: redacted(error) }
}

/** Takes secrets out of the texts that the attempt that asks says one after the other, also of those that it has yet to read. */
export function textWithoutSecrets(): (text: string) => string {
  const scope = SecretScope.current()
  const flow = new RedactedFlow()
  return (text) => flow.text(scope.redactor, text)
}

/** Fields are logged as JSON, so nothing is lost that would be there otherwise; errors have no members of their own. */
function fieldsJson(fields: Record<string, unknown>): string | undefined {
  try {
    const json = JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? described(value) : value))
    return (json as string | undefined)?.startsWith('{') === true ? json : undefined
  } catch {
    return undefined
  }
}

const described = ({ name, message, stack }: Error): object => ({ type: name, message, stack })

export function errorWithoutSecrets(error: CommandError): CommandError {
  const { redactor } = SecretScope.current()
  if (redactor.isEmpty) return error
  const details = error.details === undefined ? undefined : redactor.json(error.details)
  return new CommandError(error.code, redactor.text(error.message), { details, requestId: error.requestId })
}
