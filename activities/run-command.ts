/**
 * The agent's side of an attempt: one Temporal activity per command.
 *
 *   params ─► customer's policy ─► schema ─► handler ─► schema ─► JSON ─► result
 *
 * Whatever goes wrong on the way is reported as one code of the error table and is final for Temporal: the
 * invocation's workflow decides whether the command runs again.
 */
import { activityInfo, ApplicationFailure, Context } from '@temporalio/activity'
import type { RawValue } from '@temporalio/common'
import { CommandError } from '../protocol/errors.js'
import type { LogLevel } from '../protocol/events.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { AGENT_STOPPING } from '../protocol/names.js'
import { nearest, nearestHint } from '../protocol/suggest.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { CommandContext, CommandLog, LogMethod } from '../sdk/context.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { failureDetails, toApplicationFailure } from '../temporal/failure.js'
import type { AttemptEvents, OpenEvents } from './attempt-events.js'
import { AttemptReport } from './attempt-report.js'
import { attemptSignal } from './attempt-signal.js'
import { captureConsole } from './capture-console.js'
import { checkSchema } from './check-schema.js'
import { encodeResult } from './encode-result.js'
import { commandFailed } from './handler-error.js'
import { jsonPayload } from './json-payload.js'
import type { PolicyGate } from './policy-gate.js'

/** Gives a handler its log; `fields` are on every line. */
export type LogFactory = (fields: Record<string, unknown>) => CommandLog

export type CommandActivity = (params: JsonValue, attempt: AttemptInput) => Promise<RawValue>

/** What every attempt of an agent needs. */
export interface AgentDeps {
  readonly log: LogFactory
  readonly gate: PolicyGate
  readonly openEvents: OpenEvents
}

/** The activities of an agent's worker: one for each command, and one that answers for any other name. */
export function commandActivities(registry: CommandRegistry, deps: AgentDeps): Record<string, CommandActivity> {
  const activities: Record<string, CommandActivity> = {
    default: () => Promise.reject(toApplicationFailure(unknownCommand(registry))),
  }
  for (const definition of registry) {
    activities[definition.name] = (params, attempt) => runAttempt(definition, params, attempt, deps)
  }
  return activities
}

async function runAttempt(
  definition: CommandDefinition,
  params: JsonValue,
  attempt: AttemptInput,
  deps: AgentDeps,
): Promise<RawValue> {
  const activity = Context.current()
  const events = deps.openEvents({ taskToken: activity.info.taskToken, attempt: attempt.attempt })
  using report = new AttemptReport(definition.name, (details) => activity.heartbeat(details), events)
  try {
    return jsonPayload(await handle(definition, params, attempt, deps, report, events))
  } catch (error) {
    logRefusal(error, definition, attempt, deps.log)
    throw asReported(error, report.lastCheckpoint)
  } finally {
    events.end()
  }
}

/** The result's JSON text. */
async function handle(
  { name, options, handler }: CommandDefinition,
  params: JsonValue,
  { invocationId, attempt, deployment, timeoutMs, exposeStack, checkpoint }: AttemptInput,
  { log, gate }: AgentDeps,
  report: AttemptReport,
  events: AttemptEvents,
): Promise<string> {
  const judged = { command: name, readOnly: options.readOnly === true, params, deployment: deployment.name }
  using admission = gate.admit(judged)
  using time = attemptSignal(name, Context.current().cancellationSignal, timeoutMs, admission)
  const { signal, deadline } = time
  const checkedParams = await checkSchema(name, 'params', options.params, params)
  const context: CommandContext = Object.freeze({
    invocationId,
    attempt,
    deadline,
    signal,
    deployment,
    log: followedLog(log({ invocationId, attempt, command: name }), events),
    lastCheckpoint: checkpoint,
    progress: report.progress,
    checkpoint: report.checkpoint,
  })
  // A schema may take its time, and the policy may have changed meanwhile.
  gate.check(judged)
  events.started()
  const enter = () => handler(checkedParams, context)
  // Entered in a promise of its own, so that a handler that throws before its first await is caught alike.
  const running = Promise.resolve()
    .then(() => (options.captureConsole === true ? captureConsole(events.log, enter) : enter()))
    .catch((error: unknown) => {
      throw commandFailed(name, error, exposeStack, admission.maxResultBytes)
    })
  const result = await Promise.race([running, time.cutShort])
  return await encodeResult(name, await checkSchema(name, 'result', options.result, result), admission.maxResultBytes)
}

/** A log whose lines whoever follows the invocation sees as well. */
function followedLog(log: CommandLog, events: AttemptEvents): CommandLog {
  const write =
    (level: LogLevel): LogMethod =>
    (message, fields) => {
      log[level](message, fields)
      events.log(level, message, fields)
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** What a handler throws is never `refused`: only the policy refuses. */
function logRefusal(
  error: unknown,
  { name }: CommandDefinition,
  { invocationId, attempt }: AttemptInput,
  log: LogFactory,
): void {
  if (!(error instanceof CommandError) || error.code !== 'refused') return
  const refusal = error.details as { rule: string; pattern?: string }
  log({ invocationId, attempt, command: name }).warn("refused by the customer's policy", refusal)
}

/** @param checkpoint of this attempt: the next one gets it, whatever this one ended with */
function asReported(error: unknown, checkpoint: JsonValue | undefined): unknown {
  const { cancellationSignal, cancellationDetails } = Context.current()
  if (cancellationSignal.aborted) {
    if (cancellationDetails?.workerShutdown === true) {
      const message = 'the agent stopped before the handler ended'
      return ApplicationFailure.create({
        message,
        type: AGENT_STOPPING,
        nonRetryable: true,
        category: 'BENIGN',
        details: failureDetails(undefined, checkpoint),
      })
    }
    // The error that Temporal takes for "it was canceled, as asked".
    return cancellationSignal.reason
  }
  return toApplicationFailure(CommandError.from(error), checkpoint)
}

function unknownCommand(registry: CommandRegistry): CommandError {
  const name = activityInfo().activityType
  const names = nearest(name, registry.names)
  const hint = names.length === 0 ? '' : `; ${nearestHint(names)}`
  return new CommandError('command_not_found', `this agent has no command "${name}"${hint}`, {
    details: { nearest: names },
  })
}
