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

/** Of a line, and of what is directly in it, as `error.params` or `headers.authorization`. */
const REDACTED = SECRETS.flatMap((name) => [name, `*.${name}`])

/** @param env `ALIEN_LOG_LEVEL`: `debug`, `info` (default), `warn`, `error` or `silent` */
export function createLogger(name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env['ALIEN_LOG_LEVEL'] ?? 'info'
  const options = {
    name,
    level,
    base: { name, pid: process.pid },
    redact: { paths: REDACTED, censor: '[redacted]' },
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
