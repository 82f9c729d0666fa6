/** Flags of a call for the policy of its invocation: what is not given is as the command's author declared it. */
import { Option, type Command } from 'commander'
import type { InvokeOptions } from '../client/options.js'
import { CommandError } from '../protocol/errors.js'
import { durationFlag, durationOf } from './duration-flag.js'

export interface PolicyFlags {
  readonly timeout?: number
  readonly queueTimeout?: number
  readonly deadline?: number | Date
  readonly heartbeatTimeout?: number
  readonly maxAttempts?: number
  readonly atMostOnce?: true
  readonly failFast?: true
}

export function withPolicy(command: Command): Command {
  return command
    .addOption(durationFlag('--timeout', 'for one attempt, and for the wait for an agent, like 30s or 2h'))
    .addOption(durationFlag('--queue-timeout', 'for the wait for an agent alone (default: 1h, or --timeout)'))
    .addOption(
      new Option('--deadline <when>', 'when all of it must be over, like 2h or 2030-01-31T12:00:00Z').argParser(
        parseDeadline,
      ),
    )
    .addOption(durationFlag('--heartbeat-timeout', 'silence after which an agent counts as lost (default: 8s)'))
    .addOption(
      new Option('--max-attempts <n>', 'runs of the handler in all, when it fails (default: 1)').argParser(
        parseAttempts,
      ),
    )
    .option('--at-most-once', 'never enter the handler twice, whatever becomes of its agent')
    .option('--fail-fast', 'start nothing, and fail with exit code 3, when no agent is online')
}

export function policyOf(flags: PolicyFlags): InvokeOptions {
  const { timeout, queueTimeout, deadline, heartbeatTimeout, maxAttempts, atMostOnce, failFast } = flags
  return {
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(queueTimeout === undefined ? {} : { queueTimeoutMs: queueTimeout }),
    ...(deadline === undefined ? {} : { deadline }),
    ...(heartbeatTimeout === undefined ? {} : { heartbeatTimeoutMs: heartbeatTimeout }),
    ...(maxAttempts === undefined ? {} : { retry: { maxAttempts } }),
    ...(atMostOnce === undefined ? {} : { atMostOnce }),
    ...(failFast === undefined ? {} : { failFast }),
  }
}

/** @throws {CommandError} `invalid_request` */
function parseDeadline(value: string): number | Date {
  const durationMs = durationOf(value)
  if (durationMs !== undefined) return durationMs
  const instant = new Date(/^\d{4}-\d\d-\d\dT/.test(value) ? value : NaN)
  if (!Number.isNaN(instant.getTime())) return instant
  const rule = 'must be a duration, like 30s or 2h, or an instant, like 2030-01-31T12:00:00Z'
  throw new CommandError('invalid_request', `--deadline "${value}" ${rule}`)
}

/** @throws {CommandError} `invalid_request` */
function parseAttempts(value: string): number {
  if (/^\d{1,9}$/.test(value)) return Number(value)
  throw new CommandError('invalid_request', `--max-attempts "${value}" must be a whole number`)
}
