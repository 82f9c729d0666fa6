/** The process's log: JSON lines on stderr, or readable ones on a terminal. Results and JSON output own stdout. */
import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

/** What has no place in a log, wherever it may come from: credentials, and what commands are given and come to. */
const SECRETS = [
  'authorization',
  'cookie',
  'token',
  'apiKey',
  'agentToken',
  'responseToken',
  'accessToken',
  'refreshToken',
  'sealingKey',
  'secret',
  'password',
  'privateKey',
  'params',
  'result',
]

const CENSOR = '[redacted]'
/** Deeper than what is worth a look in a log. What is below is left out, secret or not. */
const MAX_DEPTH = 8

/** `api_key`, `Api-Key` and `apiKey` are one name. */
const plainName = (name: string): string => name.toLowerCase().replace(/[-_]/g, '')
const SECRET_NAMES = new Set(SECRETS.map(plainName))

/** A copy without secrets, however deep they are, in errors too. What says itself how it is written, as a `Date`, stays. */
function redacted(value: unknown, depth = 0): unknown {
  if (value instanceof Error) return redacted({ ...pino.stdSerializers.err(value) }, depth)
  if (typeof value !== 'object' || value === null || 'toJSON' in value) return value
  if (depth > MAX_DEPTH) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1))
  return redactedFields(value, depth)
}

const redactedFields = (fields: object, depth = 0): Record<string, unknown> =>
  Object.fromEntries(
    Object.entries(fields).map(([name, inner]) => [
      name,
      SECRET_NAMES.has(plainName(name)) ? CENSOR : redacted(inner, depth + 1),
    ]),
  )

/** @param env `ALIEN_LOG_LEVEL`: `debug`, `info` (default), `warn`, `error` or `silent` */
export function createLogger(name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env['ALIEN_LOG_LEVEL'] ?? 'info'
  const options = {
    name,
    level,
    base: { name, pid: process.pid },
    formatters: { log: (fields: object) => redactedFields(fields) },
    // The formatter has been there.
    serializers: { err: (error: unknown) => error },
  }
  const log = process.stderr.isTTY
    ? pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }))
    : pino(options, pino.destination({ dest: 2, sync: true }))
  redactChildren(log)
  return log
}

/** What a child logger is given is no line yet, and passes by the formatter. Its children do as it does. */
function redactChildren(log: Logger): void {
  const child: unknown = Reflect.get(log, 'child')
  Object.assign(log, {
    child(this: Logger, fields: object, ...options: unknown[]): unknown {
      return Reflect.apply(child as () => unknown, this, [redactedFields(fields), ...options])
    },
  })
}

/**
 * SIGUSR2 has a running process log everything, and a second one has it log as before: for an operator who looks at
 * trouble that a restart would end.
 */
export function toggleDebugOnSignal(log: Logger): void {
  const usual = log.level
  process.on('SIGUSR2', () => {
    log.level = log.level === 'debug' ? usual : 'debug'
    log.warn({ level: log.level }, 'the log level has changed')
  })
}
