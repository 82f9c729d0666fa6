/**
 * What the clouds' runtimes share: from a delivered envelope to a reported response.
 *
 *   read ─► for us? ─► claimed? ─► still wanted? ─► run, with heartbeats ─► report
 *
 * Invariants:
 *  D1  a delivery of an attempt that is here already joins it: its handler is entered once
 *  D2  nothing is run for another deployment, for a control plane that is not ours, or with a token that is not good
 *  D3  what a handler came to is reported, or kept and the delivery asked for again; never dropped without a word
 *  D4  a run that may happen at most once is not asked for again where another instance could not know of it
 */
import { endWithin, type AttemptEnd } from '../../execution/end-within.js'
import { startRun, type HandlerRun, type RunDeps } from '../../execution/handler-run.js'
import { Turns } from '../../execution/turns.js'
import { pingDefinition } from '../../execution/ping.js'
import { PolicyGate } from '../../execution/policy-gate.js'
import { Runs } from '../../execution/runs.js'
import { unknownCommand } from '../../execution/unknown-command.js'
import type { AttemptResponse } from '../../protocol/attempt-response.js'
import { CANCEL_GRACE_MS } from '../../protocol/cancel.js'
import { attemptInputOf, parseEnvelope, type Envelope } from '../../protocol/envelope.js'
import { CommandError, type ErrorCode } from '../../protocol/errors.js'
import type { JsonValue } from '../../protocol/json.js'
import { MAX_PAYLOAD_BYTES } from '../../protocol/limits.js'
import { PING_COMMAND } from '../../protocol/ping.js'
import type { CommandDefinition } from '../../sdk/command.js'
import { AttemptChannel } from './attempt-channel.js'
import { idOf, MemoryJournal } from './memory-journal.js'
import { reportRefusal, returnedRefusal } from './report-refusal.js'
import { assertAnsweredHere, responseRoute, type ResponseRoute } from './response-route.js'
import { RunClaims, type Claim } from './run-claims.js'
import { runtimeLog } from './runtime-log.js'
import type { RuntimeSettings } from './runtime-settings.js'
import { TimeLeft } from './time-left.js'

/** What became of a delivery. */
export type DeliveryEnd =
  /** The control plane has it, or need not hear: the message is done with. */
  | { readonly kind: 'done'; readonly response?: AttemptResponse }
  /** `redeliver`: the message is to come again, and what the handler came to is kept for then. */
  | { readonly kind: 'unreported'; readonly error: CommandError; readonly redeliver: boolean }
  /** It is nothing that this runtime may run; it comes again until the transport gives it up. */
  | { readonly kind: 'refused'; readonly error: CommandError }

export interface HandlerRuntime {
  /**
   * Never rejects.
   *
   * @param delivered The envelope: JSON as text or bytes, or parsed
   * @param remainingMs How long the platform lets this process work on it; default: no limit
   * @param isAwaited Whoever delivers it waits for the response, and was let in by the platform. Out of a queue, an
   *   envelope that says so itself is refused.
   */
  readonly deliver: (delivered: unknown, remainingMs?: number, isAwaited?: boolean) => Promise<DeliveryEnd>
}

/** @param name Where it runs, as `alien.ping` tells it: `lambda`, `cloud-run`, … */
export function createHandlerRuntime(name: string, settings: RuntimeSettings): HandlerRuntime {
  return new Runtime(name, settings)
}

interface Attempt {
  readonly envelope: Envelope
  readonly route: ResponseRoute
  readonly time: TimeLeft
}

class Runtime implements HandlerRuntime {
  readonly #settings: RuntimeSettings
  readonly #journal = new MemoryJournal()
  readonly #deps: RunDeps
  readonly #runs = new Runs()
  readonly #ping: CommandDefinition
  readonly #claims: RunClaims | undefined
  readonly #underWay = new Map<string, Promise<DeliveryEnd>>()

  constructor(name: string, settings: RuntimeSettings) {
    this.#settings = settings
    // The version was written in by `alien build`.
    this.#ping = pingDefinition(name, process.env['ALIEN_SDK_VERSION'] ?? 'unknown', settings.registry)
    this.#claims = settings.runsStorage && new RunClaims(settings.runsStorage)
    this.#deps = {
      log: runtimeLog,
      gate: new PolicyGate(),
      turns: new Turns(),
      journal: this.#journal,
      maxResultBytes: MAX_PAYLOAD_BYTES,
    }
  }

  readonly deliver = async (delivered: unknown, remainingMs = Infinity, isAwaited = false): Promise<DeliveryEnd> => {
    const time = new TimeLeft(remainingMs)
    try {
      return await this.#deliver(delivered, time, isAwaited)
    } catch (thrown) {
      const error = CommandError.from(thrown)
      runtimeLog({}).error(`a delivery was refused: ${error.message}`)
      const returned = isAwaited ? returnedRefusal(delivered, error) : undefined
      if (returned !== undefined) return { kind: 'done', response: returned }
      await reportRefusal(delivered, this.#settings, error, time.forReportMs)
      return { kind: 'refused', error }
    }
  }

  /** @throws {CommandError} for what is not to be run here */
  #deliver(delivered: unknown, time: TimeLeft, isAwaited: boolean): Promise<DeliveryEnd> {
    const envelope = parseEnvelope(delivered)
    this.#assertOurs(envelope)
    if (envelope.response.isReturned === true && !isAwaited) throw notAwaited()
    assertAnsweredHere(envelope, this.#settings)
    const route = responseRoute(envelope, this.#settings)
    const id = `${idOf(keyOf(envelope))}/${envelope.attempt.attempt}`
    const underWay = this.#underWay.get(id)
    if (underWay) return underWay
    const end = this.#run({ envelope, route, time }).finally(() => this.#underWay.delete(id))
    this.#underWay.set(id, end)
    return end
  }

  #assertOurs({ deployment: { id, name } }: Envelope): void {
    const { deployment } = this.#settings
    if (deployment === id || deployment === name) return
    throw new CommandError(
      'invalid_request',
      `the envelope is for deployment "${name}" (${id}), and this runtime is "${deployment}" (ALIEN_DEPLOYMENT_ID)`,
    )
  }

  async #run(attempt: Attempt): Promise<DeliveryEnd> {
    const { envelope, route } = attempt
    // Before anything is kept of it: a forged envelope leaves nothing in the storage of runs.
    const standing = await standingOf(envelope, route)
    if (standing === 'over') return { kind: 'done' }
    const claim = await this.#claim(envelope)
    if (claim?.kind === 'taken') return { kind: 'done' }
    if (standing === 'canceled') return this.#report(attempt, notEntered(envelope), false)
    const definition = this.#definition(envelope.command)
    if (definition === undefined) {
      const error = unknownCommand(
        `deployment "${envelope.deployment.name}"`,
        envelope.command,
        this.#settings.registry,
      )
      return this.#report(attempt, failed(envelope, error), false)
    }
    return this.#runHandler(attempt, definition, claim)
  }

  async #runHandler(attempt: Attempt, definition: CommandDefinition, claim: Claim | undefined): Promise<DeliveryEnd> {
    const { envelope, route, time } = attempt
    const key = keyOf(envelope)
    const input = attemptInputOf(envelope)
    const request = {
      definition,
      params: envelope.params,
      attempt: { ...input, timeoutMs: time.forHandler(input), ...time.budget() },
      key,
    }
    using attached = this.#runs.attach(key, input, () => startRun(this.#deps, request))
    const { run, attempts } = attached
    const stop = new AbortController()
    const channel = new AttemptChannel(route, input.attempt, ({ cancelRequested, final }) => {
      if (cancelRequested || final) stop.abort()
    })
    const end = await reporting(run, channel, () => endOf(run, stop.signal, time))
    const response = responseOf(envelope, end, attempts, run.report.lastCheckpoint)
    const entry = this.#journal.find(key)
    const noted = claim?.kind === 'ours' && entry?.state === 'finished' ? claim.finish(entry.outcome) : undefined
    const [reported] = await Promise.all([
      this.#report(attempt, { ...response, ...channel.rest() }, this.#claims !== undefined || !run.atMostOnce),
      noted?.catch((error: unknown) => this.#log(envelope).error(CommandError.from(error).message)),
    ])
    return reported
  }

  /** What another instance knows goes into the journal, and so for a run that it began. */
  async #claim(envelope: Envelope): Promise<Claim | undefined> {
    const key = keyOf(envelope)
    if (this.#claims === undefined || this.#journal.find(key)?.state === 'finished') return undefined
    const claim = await this.#claims.claim(key, envelope.attempt.attempt).catch((error: unknown) => {
      throw notClaimed(error)
    })
    if (claim.kind === 'finished') this.#journal.end(key, claim.outcome)
    if (claim.kind === 'ours' && claim.earlier) this.#journal.begin(key, claim.earlier, claim.earlier.startedAt)
    return claim
  }

  #definition(command: string): CommandDefinition | undefined {
    if (command === PING_COMMAND) return this.#ping
    return [...this.#settings.registry].find(({ name }) => name === command)
  }

  async #report(
    { envelope, route, time }: Attempt,
    response: AttemptResponse,
    redeliver: boolean,
    isTold = response.status === 'canceled',
  ): Promise<DeliveryEnd> {
    if (envelope.response.isReturned === true) return { kind: 'done', response }
    try {
      const answer = await route.report(response, time.forReportMs)
      if (!answer.recorded) this.#log(envelope).warn('the response came too late, and was not recorded')
      return { kind: 'done', response }
    } catch (thrown) {
      const error = CommandError.from(thrown)
      // Whoever waits for what can never be taken is told so, once.
      if (isUnreadable(error) && !isTold) {
        const told = failed(envelope, notTaken(envelope, response, error))
        return await this.#report({ envelope, route, time }, told, redeliver, true)
      }
      const isKept = mayPass(error) && redeliver
      const kept = isKept ? 'it is kept for when the message comes again' : 'it is lost'
      this.#log(envelope).error(`what the handler came to cannot be reported, ${kept}: ${error.message}`)
      return { kind: 'unreported', error, redeliver: isKept }
    }
  }

  #log({ invocationId, attempt, command }: Envelope) {
    return runtimeLog({ invocationId, attempt: attempt.attempt, command })
  }
}

/** The control plane cannot be had now, or is not well. */
const mayPass = ({ code }: CommandError): boolean => MAY_PASS.has(code)

const MAY_PASS: ReadonlySet<ErrorCode> = new Set(['unavailable', 'rate_limited', 'internal'])

const isUnreadable = ({ code }: CommandError): boolean => code === 'invalid_request' || code === 'payload_too_large'

/** An error stays one of its kind: what came of the handler does not change with how much of it can be told. */
function notTaken({ command }: Envelope, response: AttemptResponse, refusal: CommandError): CommandError {
  const { message, details } = refusal
  const ofResult = refusal.code === 'payload_too_large' ? refusal.code : 'invalid_result'
  const code = response.status === 'failed' ? response.error.code : ofResult
  return new CommandError(code, `the control plane does not take what "${command}" came to: ${message}`, { details })
}

const notClaimed = (cause: unknown): CommandError =>
  new CommandError(
    'unavailable',
    `the storage of runs cannot be had, and nothing ran: ${CommandError.from(cause).message}`,
    { cause },
  )

/** Neither its token would be checked nor its response reported, and whoever can write to the queue can say so. */
const notAwaited = (): CommandError =>
  new CommandError(
    'invalid_request',
    'the envelope wants its response returned (response.isReturned), and nobody waits for it here; only a Lambda function that is invoked directly returns it',
  )

const keyOf = ({ workflowRunId, attempt: { run } }: Envelope) => ({ workflowRunId, run })

/**
 * Whether its invocation still waits for it: a message may have been in its queue for days. An unreachable control
 * plane says nothing; the handler may as well run meanwhile. Of a canceled one, it waits to hear that nothing ran.
 *
 * @throws {CommandError} `unauthenticated` for a token that is not good: whoever made the envelope is not the vendor;
 *   `rate_limited` where there are many of them, for the control plane does not look at so many tokens
 */
async function standingOf(
  { attempt, response }: Envelope,
  route: ResponseRoute,
): Promise<'wanted' | 'canceled' | 'over'> {
  // Who invoked the function waits for its answer at this moment.
  if (response.isReturned === true) return 'wanted'
  try {
    const { cancelRequested, final } = await route.heartbeat({ attempt: attempt.attempt })
    if (final) return 'over'
    return cancelRequested ? 'canceled' : 'wanted'
  } catch (thrown) {
    const error = CommandError.from(thrown)
    if (mayPass(error) && error.code !== 'rate_limited') return 'wanted'
    throw error
  }
}

/** What the run says while `work` goes on is heard by the control plane. */
async function reporting<T>(run: HandlerRun, channel: AttemptChannel, work: () => Promise<T>): Promise<T> {
  const attached = run.report.attach(channel)
  const beating = channel.start()
  try {
    return await work()
  } finally {
    beating[Symbol.dispose]()
    attached[Symbol.dispose]()
  }
}

/** How the run ends; it is told to stop when a cancel is heard of. */
async function endOf(run: HandlerRun, stop: AbortSignal, time: TimeLeft): Promise<AttemptEnd> {
  await new Promise<void>((resolve) => {
    stop.addEventListener('abort', () => resolve(), { once: true })
    void run.end.then(() => resolve())
  })
  if (!stop.aborted) return run.end
  run.abort(new CommandError('canceled', 'the invocation was canceled'), true)
  return endWithin(Math.min(CANCEL_GRACE_MS, time.untilReportMs), run)
}

const failed = ({ attempt: { attempt } }: Envelope, error: CommandError): AttemptResponse => ({
  attempt,
  status: 'failed',
  error: error.toBody(),
})

const notEntered = ({ attempt: { attempt } }: Envelope): AttemptResponse => ({
  attempt,
  status: 'canceled',
  stopped: true,
  entered: false,
})

function responseOf(
  envelope: Envelope,
  end: AttemptEnd,
  attempts: number | undefined,
  checkpoint: JsonValue | undefined,
): AttemptResponse {
  const { attempt } = envelope.attempt
  const kept = checkpoint === undefined ? {} : { checkpoint }
  // Control planes of before know no such field.
  const shared = attempts === undefined ? {} : { attempts }
  switch (end.kind) {
    case 'succeeded':
      return { attempt, ...kept, status: 'succeeded', result: JSON.parse(end.text) as JsonValue }
    case 'failed':
      return { ...failed(envelope, end.error), ...kept }
    case 'aborted':
      return { attempt, ...kept, status: 'canceled', stopped: true, entered: end.entered, ...shared }
    case 'deaf':
      return { attempt, ...kept, status: 'canceled', stopped: false, entered: true }
  }
}
