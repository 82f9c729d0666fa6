/** The process's log: JSON lines on stderr, or readable ones on a terminal. Results and JSON output own stdout. */
import pino, { type Logger } from 'pino'
import pretty from 'pino-pretty'

export type { Logger }

/** @param env `ALIEN_LOG_LEVEL`: `debug`, `info` (default), `warn`, `error` or `silent` */
export function createLogger(name: string, env: NodeJS.ProcessEnv = process.env): Logger {
  const level = env['ALIEN_LOG_LEVEL'] ?? 'info'
  const options = { name, level, base: { name, pid: process.pid } }
  if (!process.stderr.isTTY) return pino(options, pino.destination({ dest: 2, sync: true }))
  return pino(options, pretty({ destination: 2, sync: true, ignore: 'pid,hostname', translateTime: 'HH:MM:ss' }))
}
