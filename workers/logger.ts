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

/** A copy without secrets, however deep they are. What says itself how it is written, as a `Date`, and an error stay. */
function redacted(value: unknown, depth = 0): unknown {
  if (typeof value !== 'object' || value === null || value instanceof Error || 'toJSON' in value) return value
  if (depth > MAX_DEPTH) return '[too deep]'
  if (Array.isArray(value)) return value.map((item) => redacted(item, depth + 1))
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      name,
      SECRET_NAMES.has(plainName(name)) ? CENSOR : redacted(inner, depth + 1),
    ]),
  )
}

/** What errors carry, as those of HTTP clients their request, becomes fields only here. */
const redactedError = (error: Error): unknown => redacted({ ...pino.stdSerializers.err(error) })

/** @param env `ALIEN_LOG_LEVEL`: `debug`, `info` (default), `warn`, `error` or `silent` */
export function createLogger(name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env['ALIEN_LOG_LEVEL'] ?? 'info'
  const options = {
    name,
    level,
    base: { name, pid: process.pid },
    formatters: { log: (fields: object) => redacted(fields) as Record<string, unknown> },
    serializers: {
      err: redactedError,
      error: (value: unknown) => (value instanceof Error ? redactedError(value) : value),
    },
    // What a child logger is given is no line yet, and passes by the formatter.
    redact: { paths: SECRETS.flatMap((name) => [name, `*.${name}`]), censor: CENSOR },
  }
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }))
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }))
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
