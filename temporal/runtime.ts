/** Temporal's native core, once per process: its log goes into ours, its signal handlers stay out of the way. */
import { TemporalFailure } from '@temporalio/common'
import type { Meter } from '@opentelemetry/api'
import { Runtime, type LogLevel, type LogMetadata, type Logger } from '@temporalio/worker'
import { coreMetricsBuffer } from './core-metrics.js'

/** Where its log goes. */
export interface Sink {
  isLevelEnabled(level: 'debug'): boolean
  debug(fields: object, message: string): void
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const METHODS = { TRACE: 'debug', DEBUG: 'debug', INFO: 'debug', WARN: 'warn', ERROR: 'error' } as const

/**
 * What Temporal warns of and is no trouble: a worker that takes workflows or activities only, as each of ours does,
 * and an invocation that ended badly, which is its caller's affair.
 */
const NO_TROUBLE = /^(No (activities|workflows) registered, not polling for |Workflow failed$)/

/**
 * Must run before the first worker or native connection of the process; one that is there already stays. How much the
 * native core has to say is decided here, by the level of then.
 *
 * @param meter gets what the native core counts
 */
export function installTemporalRuntime(log: Sink, meter?: Meter): void {
  if (Runtime._instance) return
  const write = (level: LogLevel, message: string, meta?: LogMetadata) => {
    const method = NO_TROUBLE.test(message) ? 'debug' : METHODS[level]
    // Several such lines come with every call.
    if (method === 'debug' && !log.isLevelEnabled('debug')) return
    log[method]({ ...loggedFields(meta), source: 'temporal' }, message)
  }
  const logger: Logger = {
    log: write,
    trace: (message, meta) => write('TRACE', message, meta),
    debug: (message, meta) => write('DEBUG', message, meta),
    info: (message, meta) => write('INFO', message, meta),
    warn: (message, meta) => write('WARN', message, meta),
    error: (message, meta) => write('ERROR', message, meta),
  }
  Runtime.install({
    logger,
    // Every process of ours decides by itself what a signal means.
    shutdownSignals: [],
    telemetryOptions: {
      logging: { filter: { core: log.isLevelEnabled('debug') ? 'DEBUG' : 'WARN', other: 'ERROR' }, forward: {} },
      ...(meter === undefined ? {} : { metrics: { buffer: coreMetricsBuffer(meter) } }),
    },
  })
}

/** What a line may carry. Temporal's own metadata also has task tokens, and a namespace and queue on every line. */
const LOGGED_FIELDS = ['sdkComponent', 'taskQueue', 'workflowId', 'activityType', 'activityId', 'durationMs', 'error']

/** What a handler threw belongs to its caller, and never to a log: of such an error only the name is kept. */
function loggedFields(meta: LogMetadata = {}): Record<string, unknown> {
  const fields: Record<string, unknown> = {}
  for (const name of LOGGED_FIELDS) {
    const value: unknown = meta[name]
    if (value instanceof Error)
      fields[name] = value instanceof TemporalFailure ? value.name : value.message.slice(0, 500)
    else if (value !== undefined) fields[name] = value
  }
  return fields
}
