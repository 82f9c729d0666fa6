/** What an attempt lets out, without the secrets that it read from a vault. */
import { SecretScope } from '../bindings/vault/secret-scope.js'
import { CommandError } from '../protocol/errors.js'
import type { JsonValue } from '../protocol/json.js'
import type { CommandLog, LogMethod } from '../sdk/context.js'

/** The same for any JSON value. */
export const withoutSecrets = (value: JsonValue): JsonValue => SecretScope.current().redactor.json(value)

/** The same for JSON text. */
export const jsonWithoutSecrets = (text: string): string => SecretScope.current().redactor.jsonText(text)

/** The scope is that of the attempt that asks, whoever calls the log. */
export function logWithoutSecrets(log: CommandLog): CommandLog {
  const scope = SecretScope.current()
  const redacted =
    (write: LogMethod): LogMethod =>
    (message, fields) => {
      const { redactor } = scope
      if (redactor.isEmpty) write(message, fields)
      else write(redactor.text(message), fields && redactedFields(fields, (text) => redactor.jsonText(text)))
    }
  const { debug, info, warn, error } = log
  return { debug: redacted(debug), info: redacted(info), warn: redacted(warn), error: redacted(error) }
}

/** The same for lines of text, which the handler wrote. */
export function lineWithoutSecrets<Level>(
  write: (level: Level, text: string) => void,
): (level: Level, text: string) => void {
  const scope = SecretScope.current()
  return (level, text) => write(level, scope.redactor.text(text))
}

/** Fields are logged as JSON, so nothing is lost that would be there otherwise; errors have no members of their own. */
function redactedFields(fields: Record<string, unknown>, redact: (text: string) => string): Record<string, unknown> {
  const text = JSON.stringify(fields, (_, value: unknown) => (value instanceof Error ? described(value) : value))
  return JSON.parse(redact(text)) as Record<string, unknown>
}

const described = ({ name, message, stack }: Error): object => ({ type: name, message, stack })

export function errorWithoutSecrets(error: CommandError): CommandError {
  const { redactor } = SecretScope.current()
  if (redactor.isEmpty) return error
  const details = error.details === undefined ? undefined : redactor.json(error.details)
  return new CommandError(error.code, redactor.text(error.message), { details, requestId: error.requestId })
}
