/**
 * The agent's side of an attempt: one Temporal activity per command, which attaches to the run of its handler, or
 * begins it.
 *
 * Whatever goes wrong on the way is reported as one code of the error table and is final for Temporal: the
 * invocation's workflow decides whether the command runs again.
 */
import { activityInfo, ApplicationFailure, Context } from '@temporalio/activity'
import { CancelledFailure, type RawValue } from '@temporalio/common'
import type { Metrics } from '../observability/metrics.js'
import { CANCEL_GRACE_MS, type GivenBackDetails, type StoppedDetails } from '../protocol/cancel.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import { AGENT_STOPPING, TASK_NOT_DELIVERED } from '../protocol/names.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { failureDetails, toApplicationFailure } from '../temporal/failure.js'
import type { AttemptEvents } from '../execution/attempt-events.js'
import { endWithin, type AttemptEnd } from '../execution/end-within.js'
import { startRun, type HandlerRun, type RunDeps } from '../execution/handler-run.js'
import { afterWait } from '../execution/attempt-budget.js'
import { jsonPayload } from '../temporal/json-payload.js'
import { STOPPED_WITHIN_MS, type Runs } from '../execution/runs.js'
import type { OpenStandIn } from './stand-in.js'
import { unknownCommand } from '../execution/unknown-command.js'

export type CommandActivity = (params: JsonValue, attempt: AttemptInput) => Promise<RawValue>

/** @param taskToken of the attempt's activity, as the gateway sealed it: proves what the events are about */
export type OpenEvents = (task: { readonly taskToken: Uint8Array; readonly attempt: number }) => AttemptEvents

/** What the attempts of an agent share. */
export interface AttemptDeps extends RunDeps {
  readonly runs: Runs
  readonly openEvents: OpenEvents
  readonly openStandIn: OpenStandIn
  /** Whether another worker of this process has taken the place of the attempts' own. */
  readonly isRetired: () => boolean
  readonly metrics: Metrics
}

/** The activities of an agent's worker: one for each command, and one that answers for any other name. */
export function commandActivities(registry: CommandRegistry, deps: AttemptDeps): Record<string, CommandActivity> {
  const activities: Record<string, CommandActivity> = {
    default: () =>
      Promise.reject(toApplicationFailure(unknownCommand('this agent', activityInfo().activityType, registry))),
  }
  for (const definition of registry) activities[definition.name] = commandActivity(definition, deps)
  return activities
}

export const commandActivity =
  (definition: CommandDefinition, deps: AttemptDeps): CommandActivity =>
  (params, attempt) =>
    runAttempt(definition, params, attempt, deps)

async function runAttempt(
  definition: CommandDefinition,
  params: JsonValue,
  asScheduled: AttemptInput,
  deps: AttemptDeps,
): Promise<RawValue> {
  const activity = Context.current()
  const { workflowExecution, taskToken, scheduleToCloseTimeoutMs } = activity.info
  const attempt = afterWait(asScheduled, scheduleToCloseTimeoutMs)
  const key = { workflowRunId: workflowExecution?.runId ?? attempt.invocationId, run: attempt.run }
  using standIn = deps.openStandIn(taskToken, definition.name)
  using attached = deps.runs.attach(key, attempt, () =>
    timed(deps, definition, startRun(deps, { definition, params, attempt, key })),
  )
  const { run, attempts } = attached
  const channel = run.report.attach({
    heartbeat: (details) => {
      activity.heartbeat(details === undefined ? undefined : jsonPayload(details))
      standIn.beat(details)
    },
    events: deps.openEvents({ taskToken, attempt: attempt.attempt }),
  })
  try {
    return reported(await endOf(run, deps), attempts, run.report.lastCheckpoint)
  } finally {
    channel[Symbol.dispose]()
  }
}

function timed({ metrics }: AttemptDeps, { name: command }: CommandDefinition, run: HandlerRun): HandlerRun {
  const startMs = performance.now()
  void run.end.then((end) => {
    const outcome = end.kind === 'failed' ? end.error.code : end.kind
    metrics.agentRunSeconds.record((performance.now() - startMs) / 1_000, { command, outcome })
  })
  return run
}

/** How the run ends, unless this attempt of it ends before. @throws {ApplicationFailure} which gives the attempt back */
async function endOf(run: HandlerRun, { isRetired }: Pick<AttemptDeps, 'isRetired'>): Promise<AttemptEnd> {
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
  if (why?.notFound === true || why?.timedOut === true) throw givenBack('the attempt was lost on the way', GOES_ON)
  if (why?.workerShutdown !== true) {
    run.abort(canceled.reason, why?.cancelRequested)
    return endWithin(CANCEL_GRACE_MS, run)
  }
  // Here too: the worker that took this one's place gets it.
  if (isRetired()) throw givenBack('the worker was replaced', GOES_ON, run.report.lastCheckpoint)
  run.abort(canceled.reason)
  return endWithin(STOPPED_WITHIN_MS, run)
}

/**
 * @param attempts of this run that came here
 * @param checkpoint of this run: the next attempt gets it, whatever this one ended with
 */
function reported(end: AttemptEnd, attempts: number | undefined, checkpoint: JsonValue | undefined): RawValue {
  if (end.kind === 'succeeded') return jsonPayload(end.text)
  if (end.kind === 'failed') throw toApplicationFailure(end.error, checkpoint)
  const { cancellationSignal, cancellationDetails } = Context.current()
  if (!cancellationSignal.aborted) throw givenBack('the run ended before this attempt came for it', ENDED)
  // The error that Temporal takes for "it was canceled, as asked".
  if (cancellationDetails?.workerShutdown !== true) {
    const stopped = end.kind === 'aborted'
    const entered = end.kind === 'deaf' || end.entered
    const message = !entered
      ? 'the handler was not entered'
      : stopped
        ? 'the handler stopped'
        : 'the handler did not stop'
    throw new CancelledFailure(message, [{ stopped, entered, attempts } satisfies StoppedDetails])
  }
  if (end.kind === 'deaf') throw givenBack('the agent stopped before the handler ended', GOES_ON, checkpoint)
  throw end.entered
    ? givenBack('the agent stopped, and the handler with it', ENDED, checkpoint)
    : givenBack('the agent stopped before the handler was entered', ENDED, undefined, TASK_NOT_DELIVERED)
}

const GOES_ON: GivenBackDetails = { ended: false }
const ENDED: GivenBackDetails = { ended: true }

function givenBack(
  message: string,
  handler: GivenBackDetails,
  checkpoint?: JsonValue,
  type = AGENT_STOPPING,
): ApplicationFailure {
  const details = failureDetails({ ...handler }, checkpoint)
  return ApplicationFailure.create({ message, type, nonRetryable: true, category: 'BENIGN', details })
}
