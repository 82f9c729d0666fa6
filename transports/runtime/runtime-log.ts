/** The log of a handler runtime: JSON lines on stdout, where every cloud's platform collects them. */
import type { LogFactory } from '../../execution/handler-run.js'
import type { LogLevel } from '../../protocol/events.js'
import type { LogMethod } from '../../sdk/context.js'

export const runtimeLog: LogFactory = (fields) => {
  const write =
    (level: LogLevel): LogMethod =>
    (message, more) => {
      // Google's log viewer knows `severity`, the others take what they find.
      const severity = level === 'warn' ? 'WARNING' : level.toUpperCase()
      process.stdout.write(`${textOf({ severity, time: new Date().toISOString(), ...fields, message }, more)}\n`)
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

function textOf(line: object, more: Record<string, unknown> | undefined): string {
  try {
    return JSON.stringify({ ...more, ...line })
  } catch {
    return JSON.stringify(line)
  }
}
