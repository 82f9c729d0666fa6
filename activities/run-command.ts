/**
 * The agent's side of an attempt: one Temporal activity per command, which attaches to the run of its handler, or
 * begins it.
 *
 * Whatever goes wrong on the way is reported as one code of the error table and is final for Temporal: the
 * invocation's workflow decides whether the command runs again.
 */
import { activityInfo, ApplicationFailure, Context, heartbeat } from '@temporalio/activity'
import { CancelledFailure, RawValue } from '@temporalio/common'
import { setTimeout as delay } from 'node:timers/promises'
import { CANCEL_GRACE_MS, type StoppedDetails } from '../protocol/cancel.js'
import { CommandError } from '../protocol/errors.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { AGENT_STOPPING, TASK_NOT_DELIVERED } from '../protocol/names.js'
import { nearest, nearestHint } from '../protocol/suggest.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { toApplicationFailure } from '../temporal/failure.js'
import { startRun, type HandlerRun, type RunDeps, type RunEnd } from './handler-run.js'
import { STOPPED_WITHIN_MS, type Runs } from './runs.js'

export type CommandActivity = (params: JsonValue, attempt: AttemptInput) => Promise<RawValue>

/** What the attempts of an agent share. */
export interface AttemptDeps extends RunDeps {
  readonly runs: Runs
}

/** Often enough that a cancel is seen within a second; Temporal's worker merges heartbeats that are closer. */
const HEARTBEAT_INTERVAL_MS = 500

/** The activities of an agent's worker: one for each command, and one that answers for any other name. */
export function commandActivities(registry: CommandRegistry, deps: AttemptDeps): Record<string, CommandActivity> {
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
  deps: AttemptDeps,
): Promise<RawValue> {
  const { runId } = activityInfo().workflowExecution ?? { runId: attempt.invocationId }
  const key = { workflowRunId: runId, run: attempt.run }
  using attached = deps.runs.attach(key, () => startRun(deps, { definition, params, attempt, key }))
  const heartbeats = setInterval(heartbeat, HEARTBEAT_INTERVAL_MS)
  try {
    return report(await endOf(attached.run))
  } finally {
    clearInterval(heartbeats)
  }
}

/** `deaf`: its handler goes on though it was told to stop. */
type AttemptEnd = RunEnd | { readonly kind: 'deaf' }

/** How the run ends, unless this attempt of it ends before. @throws {ApplicationFailure} which gives the attempt back */
async function endOf(run: HandlerRun): Promise<AttemptEnd> {
  const { cancellationSignal: canceled } = Context.current()
  if (!canceled.aborted) {
    await new Promise<void>((resolve) => {
      canceled.addEventListener('abort', () => resolve(), { once: true })
      void run.end.then(() => resolve())
    })
  }
  if (!canceled.aborted) return run.end
  const { cancellationDetails: why } = Context.current()
  // The handler goes on: this attempt is delivered again, likely to this agent, and finds it.
  if (why?.notFound === true || why?.timedOut === true) throw givenBack('the attempt was lost on the way')
  if (why?.workerShutdown !== true) {
    run.abort(canceled.reason, why?.cancelRequested)
    return within(CANCEL_GRACE_MS, run)
  }
  run.abort(canceled.reason)
  return within(STOPPED_WITHIN_MS, run)
}

async function within(timeMs: number, run: HandlerRun): Promise<AttemptEnd> {
  const enough = new AbortController()
  try {
    return await Promise.race([
      run.end,
      delay(timeMs, { kind: 'deaf' } as const, { ref: false, signal: enough.signal }),
    ])
  } finally {
    enough.abort()
  }
}

function report(end: AttemptEnd): RawValue {
  if (end.kind === 'succeeded') return jsonPayload(end.text)
  if (end.kind === 'failed') throw toApplicationFailure(end.error)
  const { cancellationSignal, cancellationDetails } = Context.current()
  if (!cancellationSignal.aborted) throw givenBack('the run ended before this attempt came for it')
  // The error that Temporal takes for "it was canceled, as asked".
  if (cancellationDetails?.workerShutdown !== true) {
    const stopped = end.kind === 'aborted'
    const message = stopped ? 'the handler stopped' : 'the handler did not stop'
    throw new CancelledFailure(message, [{ stopped } satisfies StoppedDetails])
  }
  throw end.kind === 'deaf' || end.entered
    ? givenBack('the agent stopped before the handler ended')
    : givenBack('the agent stopped before the handler was entered', TASK_NOT_DELIVERED)
}

const givenBack = (message: string, type = AGENT_STOPPING): ApplicationFailure =>
  ApplicationFailure.create({ message, type, nonRetryable: true, category: 'BENIGN' })

const JSON_ENCODING = Buffer.from('json/plain')

/** JSON text as Temporal's payload, without encoding it a second time. */
const jsonPayload = (text: string): RawValue =>
  RawValue.fromPayload({ metadata: { encoding: JSON_ENCODING }, data: Buffer.from(text) })

function unknownCommand(registry: CommandRegistry): CommandError {
  const name = activityInfo().activityType
  const names = nearest(name, registry.names)
  const hint = names.length === 0 ? '' : `; ${nearestHint(names)}`
  return new CommandError('command_not_found', `this agent has no command "${name}"${hint}`, {
    details: { nearest: names },
  })
}
