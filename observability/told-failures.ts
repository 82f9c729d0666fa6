/**
 * Says in the log that a collector does not take what it is sent: once when that begins, and once when it is over.
 * OpenTelemetry itself tells nobody, and whoever looks for a trace finds none.
 */
import { ExportResultCode, type ExportResult } from '@opentelemetry/core'

export interface FailureLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

interface Exporter<Data> {
  export(data: Data, done: (result: ExportResult) => void): void
}

/** @returns the same exporter, which tells */
export function tellingFailures<Data, Kind extends Exporter<Data>>(
  exporter: Kind & Exporter<Data>,
  signal: 'metrics' | 'traces',
  log: FailureLog,
): Kind {
  const send = exporter.export.bind(exporter)
  let isFailing = false
  exporter.export = (data, done) =>
    send(data, (result) => {
      const failed = result.code === ExportResultCode.FAILED
      if (failed && !isFailing) log.warn({ signal, reason: reasonOf(result.error) }, 'the collector does not take them')
      if (!failed && isFailing) log.info({ signal }, 'the collector takes them again')
      isFailing = failed
      done(result)
    })
  return exporter
}

/** Not what the collector wrote, which may be anything; the HTTP status, if it came to that. */
function reasonOf(error: (Error & { code?: unknown }) | undefined): string {
  const { message = 'unknown', code } = error ?? {}
  return typeof code === 'number' ? `${code} ${message}` : message
}
