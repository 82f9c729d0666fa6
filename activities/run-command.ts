/**
 * The agent's side of an attempt: one Temporal activity per command.
 *
 *   params ─► customer's policy ─► schema ─► handler ─► schema ─► JSON ─► result
 *
 * Whatever goes wrong on the way is reported as one code of the error table and is final for Temporal: the
 * invocation's workflow decides whether the command runs again.
 */
import { activityInfo, ApplicationFailure, Context, heartbeat } from '@temporalio/activity'
import { RawValue } from '@temporalio/common'
import { SecretScope } from '../bindings/vault/secret-scope.js'
import { CommandError } from '../protocol/errors.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { AGENT_STOPPING } from '../protocol/names.js'
import { nearest, nearestHint } from '../protocol/suggest.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { CommandLog } from '../sdk/context.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { toApplicationFailure } from '../temporal/failure.js'
import { attemptSignal } from './attempt-signal.js'
import { checkSchema } from './check-schema.js'
import { encodeResult } from './encode-result.js'
import { commandFailed } from './handler-error.js'
import type { PolicyGate } from './policy-gate.js'
import { errorWithoutSecrets, logWithoutSecrets } from './without-secrets.js'

/** Gives a handler its log; `fields` are on every line. */
export type LogFactory = (fields: Record<string, unknown>) => CommandLog

export type CommandActivity = (params: JsonValue, attempt: AttemptInput) => Promise<RawValue>

/** Often enough that a cancel is seen within a second; Temporal's worker merges heartbeats that are closer. */
const HEARTBEAT_INTERVAL_MS = 1_000

/** The activities of an agent's worker: one for each command, and one that answers for any other name. */
export function commandActivities(
  registry: CommandRegistry,
  log: LogFactory,
  gate: PolicyGate,
): Record<string, CommandActivity> {
  const activities: Record<string, CommandActivity> = {
    default: () => Promise.reject(toApplicationFailure(unknownCommand(registry))),
  }
  for (const definition of registry) {
    activities[definition.name] = (params, attempt) =>
      SecretScope.run(() => runAttempt(definition, params, attempt, log, gate))
  }
  return activities
}

async function runAttempt(
  definition: CommandDefinition,
  params: JsonValue,
  attempt: AttemptInput,
  log: LogFactory,
  gate: PolicyGate,
): Promise<RawValue> {
  const heartbeats = setInterval(heartbeat, HEARTBEAT_INTERVAL_MS)
  try {
    return jsonPayload(await handle(definition, params, attempt, log, gate))
  } catch (error) {
    logRefusal(error, definition, attempt, log)
    throw asReported(error)
  } finally {
    clearInterval(heartbeats)
  }
}

/** The result's JSON text. */
async function handle(
  { name, options, handler }: CommandDefinition,
  params: JsonValue,
  { invocationId, attempt, deployment, timeoutMs, exposeStack }: AttemptInput,
  log: LogFactory,
  gate: PolicyGate,
): Promise<string> {
  const judged = { command: name, readOnly: options.readOnly === true, params, deployment: deployment.name }
  using admission = gate.admit(judged)
  using time = attemptSignal(name, Context.current().cancellationSignal, timeoutMs, admission)
  const { signal, deadline } = time
  const checkedParams = await checkSchema(name, 'params', options.params, params)
  const context = {
    invocationId,
    attempt,
    deadline,
    signal,
    deployment,
    log: logWithoutSecrets(log({ invocationId, attempt, command: name })),
  }
  // A schema may take its time, and the policy may have changed meanwhile.
  gate.check(judged)
  // Entered in a promise of its own, so that a handler that throws before its first await is caught alike.
  const running = Promise.resolve()
    .then(() => handler(checkedParams, Object.freeze(context)))
    .catch((error: unknown) => {
      throw commandFailed(name, error, exposeStack, admission.maxResultBytes)
    })
  const result = await Promise.race([running, time.cutShort])
  return await encodeResult(name, await checkSchema(name, 'result', options.result, result), admission.maxResultBytes)
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

const JSON_ENCODING = Buffer.from('json/plain')

/** JSON text as Temporal's payload, without encoding it a second time. */
const jsonPayload = (text: string): RawValue =>
  RawValue.fromPayload({ metadata: { encoding: JSON_ENCODING }, data: Buffer.from(text) })

function asReported(error: unknown): unknown {
  const { cancellationSignal, cancellationDetails } = Context.current()
  if (cancellationSignal.aborted) {
    if (cancellationDetails?.workerShutdown === true) {
      const message = 'the agent stopped before the handler ended'
      return ApplicationFailure.create({ message, type: AGENT_STOPPING, nonRetryable: true, category: 'BENIGN' })
    }
    // The error that Temporal takes for "it was canceled, as asked".
    return cancellationSignal.reason
  }
  return toApplicationFailure(errorWithoutSecrets(CommandError.from(error)))
}

function unknownCommand(registry: CommandRegistry): CommandError {
  const name = activityInfo().activityType
  const names = nearest(name, registry.names)
  const hint = names.length === 0 ? '' : `; ${nearestHint(names)}`
  return new CommandError('command_not_found', `this agent has no command "${name}"${hint}`, {
    details: { nearest: names },
  })
}
