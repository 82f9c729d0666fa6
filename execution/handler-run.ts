/**
 * One run of a handler:
 *
 *   journal ─► turn ─► customer's policy ─► params ─► schema ─► handler ─► schema ─► JSON ─► journal
 *
 * A run that the journal knows is not begun again: its outcome is, or that it cannot be known.
 */
import { SecretScope } from '../bindings/vault/secret-scope.js'
import { inSpan, invocationAttributes, SpanKind } from '../observability/tracing.js'
import { CommandError } from '../protocol/errors.js'
import { formatDuration } from '../protocol/format-duration.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { LogLevel } from '../protocol/events.js'
import type { CommandContext, CommandLog, LogMethod } from '../sdk/context.js'
import { attemptSignal } from './attempt-signal.js'
import { captureConsole } from './capture-console.js'
import { checkSchema } from './check-schema.js'
import { encodeResult } from './encode-result.js'
import { commandFailed } from './handler-error.js'
import type { Journal, RunKey, RunOutcome } from './journal/journal.js'
import type { AttemptToAdmit, PolicyGate } from './policy-gate.js'
import { RunReport } from './run-report.js'
import { turnWait } from './turn-wait.js'
import type { Turns } from './turns.js'
import { errorWithoutSecrets, logWithoutSecrets, textWithoutSecrets } from './without-secrets.js'

/** Gives a handler its log; `fields` are on every line. */
export type LogFactory = (fields: Record<string, unknown>) => CommandLog

/** What an agent's runs share. */
export interface RunDeps {
  readonly log: LogFactory
  readonly gate: PolicyGate
  readonly journal: Journal
  readonly turns: Turns
  /** What the control plane takes. */
  readonly maxResultBytes: number
}

export interface RunRequest {
  readonly definition: CommandDefinition
  readonly params: JsonValue
  /** The attempt that began it; later ones may attach. */
  readonly attempt: AttemptInput
  readonly key: RunKey
}

export type RunEnd =
  /** `text` is the result's JSON. */
  | { readonly kind: 'succeeded'; readonly text: string }
  | { readonly kind: 'failed'; readonly error: CommandError }
  /** It was aborted before it came to something; its handler has ended, if it was entered. */
  | { readonly kind: 'aborted'; readonly entered: boolean }

export interface HandlerRun {
  readonly atMostOnce: boolean
  readonly report: RunReport
  /** Never rejects. */
  readonly end: Promise<RunEnd>
  readonly isAborted: boolean
  /** Asks the handler to end. `isFinal`: the invocation is over, and the run is never to be begun again. */
  readonly abort: (reason: unknown, isFinal?: boolean) => void
}

export function startRun(deps: RunDeps, request: RunRequest): HandlerRun {
  const controller = new AbortController()
  let isCanceled = false
  const entry: Entry = { entered: false, handled: undefined, hasReturned: false }
  // What the handler reads from vaults is taken out of all that it lets out.
  const { report, end } = SecretScope.run(() => {
    const report = new RunReport(request.definition.name)
    const end = run(deps, request, controller.signal, entry, report).catch((error: unknown): RunEnd => {
      const { entered } = entry
      if (controller.signal.aborted) return { kind: 'aborted', entered }
      return { kind: 'failed', error: errorWithoutSecrets(CommandError.from(error)) }
    })
    return { report, end }
  })
  return {
    atMostOnce: isAtMostOnce(request),
    report,
    get isAborted() {
      return controller.signal.aborted
    },
    end: end.then((ended) => {
      const outcome = outcomeOf(ended, isCanceled)
      if (entry.entered && outcome) note(deps, request, outcome)
      logRefusal(deps, request, ended)
      tellLate(deps, request, entry, report)
      report.end()
      return ended
    }),
    abort: (reason, isFinal = false) => {
      isCanceled ||= isFinal
      controller.abort(reason)
    },
  }
}

/** How far a run got. */
interface Entry {
  entered: boolean
  /** Settles when the handler itself has ended, which may be after its run. */
  handled: Promise<unknown> | undefined
  hasReturned: boolean
}

async function run(
  deps: RunDeps,
  request: RunRequest,
  aborted: AbortSignal,
  entry: Entry,
  report: RunReport,
): Promise<RunEnd> {
  const known = endInJournal(deps.journal, request)
  if (known) return known
  const { definition, attempt } = request
  const { concurrency } = definition.options
  if (concurrency === undefined) return enter(deps, request, aborted, entry, report)
  deps.gate.check(judgedOf(request))
  const wait = turnWait(definition, attempt, aborted)
  const turn = await deps.turns.take(definition.name, concurrency, wait, () => report.waits()).finally(wait.end)
  const release = () => turn[Symbol.dispose]()
  try {
    const timeoutMs = Math.min(attempt.timeoutMs ?? Infinity, wait.leftMs())
    const entered = { ...request, attempt: { ...attempt, timeoutMs: timeoutMs === Infinity ? null : timeoutMs } }
    return await enter(deps, entered, aborted, entry, report)
  } finally {
    void Promise.resolve(entry.handled).then(release, release)
  }
}

const judgedOf = ({ definition: { name, options }, params, attempt: { deployment } }: RunRequest): AttemptToAdmit => ({
  command: name,
  readOnly: options.readOnly === true,
  params,
  deployment: deployment.name,
})

async function enter(
  deps: RunDeps,
  request: RunRequest,
  aborted: AbortSignal,
  entry: Entry,
  report: RunReport,
): Promise<RunEnd> {
  const { definition, params, attempt, key } = request
  const { name, options, handler } = definition
  const { invocationId, deployment, timeoutMs, exposeStack, checkpoint: lastCheckpoint } = attempt
  const judged = judgedOf(request)
  using admission = deps.gate.admit(judged)
  using time = attemptSignal(name, aborted, timeoutMs, admission)
  const { signal, deadline } = time
  const checkedParams = await checkSchema(name, 'params', options.params, params)
  const context: CommandContext = Object.freeze({
    invocationId,
    attempt: attempt.attempt,
    deadline,
    signal,
    deployment,
    log: logWithoutSecrets(followedLog(logOf(deps, request), report)),
    lastCheckpoint,
    progress: report.progress,
    checkpoint: report.checkpoint,
  })
  // A schema may take its time, and the policy may have changed meanwhile.
  deps.gate.check(judged)
  aborted.throwIfAborted()
  const start = { invocationId, command: name, attempt: attempt.attempt, atMostOnce: isAtMostOnce(request) }
  deps.journal.begin(key, start)
  entry.entered = true
  report.entered()
  const call = () => inSpan(`run ${name}`, spanOptions(name, attempt), () => handler(checkedParams, context))
  const capture = { redact: textWithoutSecrets(), write: report.log }
  // Entered in a promise of its own, so that a handler that throws before its first await is caught alike.
  const running = Promise.resolve()
    .then(() => (options.captureConsole === true ? captureConsole(capture, call) : call()))
    .catch((error: unknown) => {
      throw commandFailed(name, error, exposeStack, admission.maxResultBytes)
    })
  entry.handled = running
  const returned = (): void => void (entry.hasReturned = true)
  running.then(returned, returned)
  const result = await Promise.race([running, time.cutShort])
  const text = await encodeResult(name, result, admission.maxResultBytes, deps.maxResultBytes, options.result)
  return { kind: 'succeeded', text }
}

/** Below the trace of the call; what the handler does in spans of its own is below this one. */
const spanOptions = (command: string, { invocationId, attempt, deployment, trace: parent }: AttemptInput) => ({
  kind: SpanKind.CONSUMER,
  parent,
  attributes: { ...invocationAttributes(invocationId, command, deployment), 'alien.attempt': attempt },
})

/** By the caller or by the author, whose word the control plane may not have had when the invocation was started. */
const isAtMostOnce = ({ attempt, definition }: RunRequest): boolean =>
  attempt.atMostOnce || definition.options.atMostOnce === true

/** What is known of a run that an earlier delivery began, or `undefined` when it may be begun. */
function endInJournal(journal: Journal, request: RunRequest): RunEnd | undefined {
  const { key, attempt, definition } = request
  const entry = journal.find(key)
  if (entry?.state === 'finished') return endOf(entry.outcome)
  if (!isAtMostOnce(request)) return undefined
  const what = `"${definition.name}" is at-most-once and was not run again`
  if (entry) {
    const details = { attempt: entry.attempt, startedAt: entry.startedAt.toISOString() }
    const begun = `attempt ${details.attempt} began at ${details.startedAt}`
    return unknown(`${what}: ${begun}, and its agent ended or was cut off before the handler did`, details)
  }
  if (attempt.deliveredBefore === 0) return undefined
  return unknown(`${what}: an agent that keeps its journal elsewhere had it before, and nothing came back`)
}

const unknown = (message: string, details?: JsonValue): RunEnd => ({
  kind: 'failed',
  error: new CommandError('outcome_unknown', message, { details }),
})

const endOf = (outcome: RunOutcome): RunEnd =>
  outcome.kind === 'succeeded' ? outcome : { kind: 'failed', error: CommandError.fromBody(outcome.error) }

/** What a redelivery is to be told; `undefined` when it may run again. */
function outcomeOf(end: RunEnd, isCanceled: boolean): RunOutcome | undefined {
  switch (end.kind) {
    case 'succeeded':
      return end
    case 'failed':
      return { kind: 'failed', error: end.error.toBody() }
    case 'aborted':
      return isCanceled
        ? { kind: 'failed', error: { code: 'canceled', message: 'the invocation was canceled' } }
        : undefined
  }
}

/** A log whose lines whoever follows the invocation sees as well. */
function followedLog(log: CommandLog, report: RunReport): CommandLog {
  const write =
    (level: LogLevel): LogMethod =>
    (message, fields) => {
      log[level](message, fields)
      report.log(level, message, fields)
    }
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** The outcome is reported all the same: that it cannot be kept does not make it less true. */
function note(deps: RunDeps, request: RunRequest, outcome: RunOutcome): void {
  try {
    deps.journal.end(request.key, outcome)
  } catch (error) {
    logOf(deps, request).error(CommandError.from(error).message)
  }
}

/** Its time was over, or the policy had stopped it: that its handler ends all the same is logged, and told to the caller. */
function tellLate(deps: RunDeps, request: RunRequest, { handled, hasReturned }: Entry, report: RunReport): void {
  if (handled === undefined || hasReturned) return
  const sinceMs = performance.now()
  const say = (how: string) => (): void => {
    const late = formatDuration(Math.round(performance.now() - sinceMs))
    const message = `the handler ${how} ${late} after its attempt had ended; that changes nothing`
    logOf(deps, request).warn(message)
    report.late(message)
  }
  handled.then(say('returned'), say('failed'))
}

/** What a handler throws is never `refused`: only the policy refuses. */
function logRefusal(deps: RunDeps, request: RunRequest, end: RunEnd): void {
  if (end.kind !== 'failed' || end.error.code !== 'refused') return
  const refusal = end.error.details as { rule: string; pattern?: string }
  logOf(deps, request).warn("refused by the customer's policy", refusal)
}

const logOf = ({ log }: RunDeps, { attempt: { invocationId, attempt }, definition }: RunRequest): CommandLog =>
  log({ invocationId, attempt, command: definition.name })
