/**
 * `GET /v1/invocations/{id}/events`: what happens to an invocation, as server-sent events, to its end.
 *
 *   status now ─► events after `Last-Event-ID`, as they come ─► ended, with the outcome
 *
 * Whatever breaks on the way, the client comes back with the last id that it has.
 */
import { CommandError } from '../../protocol/errors.js'
import type { EndedEvent, StatusEvent } from '../../protocol/events.js'
import { isFinal, type Invocation, type Outcome } from '../../protocol/invocation.js'
import { assertInvocationId } from '../../protocol/names.js'
import { onLeave } from '../hold.js'
import { outcomeUntil, readInvocation } from '../invocations/read.js'
import { pathParam } from '../request-fields.js'
import type { ApiKeyCall } from '../route.js'
import { EventStream } from './event-stream.js'
import type { EventWatch } from './event-watch.js'

const HEARTBEAT_MS = 15_000
/** An outcome may overtake what the handler said last. */
const LAST_EVENTS_MS = 1_000
/** The same, of one that has said nothing so far, as most do. */
const FIRST_EVENTS_MS = 300

/** @throws {CommandError} `invalid_request`, `invocation_not_found`, `rate_limited` */
export async function followInvocation(call: ApiKeyCall): Promise<void> {
  const { deps, caller, request } = call
  const id = pathParam(request, 'id')
  assertInvocationId(id)
  const after = lastEventId(request.get('last-event-id'))
  const invocation = await readInvocation(call, id)
  await assertIsBehind(call, invocation, after)
  using watch = deps.feed.watch(id, caller.tokenId)
  const over = new AbortController()
  over.signal.addEventListener('abort', () => watch.tell())
  const leaving = onLeave(call, () => over.abort())
  try {
    await follow(call, invocation, after, watch, over.signal)
  } finally {
    leaving[Symbol.dispose]()
    over.abort()
  }
}

async function follow(
  { deps, response }: ApiKeyCall,
  invocation: Invocation,
  from: number,
  watch: EventWatch,
  over: AbortSignal,
): Promise<void> {
  const { id } = invocation
  const stream = new EventStream(response)
  const ending = new Ending(invocation, () => watch.tell())
  using told = deps.told.listen(id)
  if (!isFinal(invocation)) ending.awaits(Promise.race([told.outcome, outcomeUntil(deps, over, id)]))
  await stream.begin()
  if (!isFinal(invocation)) await stream.send('status', JSON.stringify(statusOf(invocation)))
  let after = from
  while (!over.aborted) {
    const outcome = ending.outcome()
    const head = outcome && (await deps.feed.head(id))
    after = await sendNew(stream, deps.feed, id, after, over)
    if (outcome && ending.isAllSaid(head)) {
      const ended: EndedEvent = { type: 'ended', id, ...outcome }
      await stream.send('ended', JSON.stringify(ended))
      break
    }
    const hasNews = await watch.news(outcome ? ending.remainingMs(head) : HEARTBEAT_MS)
    if (!hasNews && !outcome) await stream.stillHere()
  }
  stream.end()
}

/** Gives the number of the last event. */
async function sendNew(
  stream: EventStream,
  feed: ApiKeyCall['deps']['feed'],
  id: string,
  from: number,
  over: AbortSignal,
): Promise<number> {
  let after = from
  for (;;) {
    const chunk = over.aborted ? undefined : await feed.next(id, after)
    if (chunk === undefined) return after
    if (chunk.missing > 0) {
      after += chunk.missing
      await stream.send('dropped', JSON.stringify({ type: 'dropped', count: chunk.missing }), after)
    }
    for (const { seq, type, json } of chunk.events) {
      if (over.aborted) return after
      after = seq
      await stream.send(type, json, seq)
    }
  }
}

/** When the invocation has ended, and all that was said of it has been sent. */
class Ending {
  readonly #onEnded: () => void
  #outcome: Outcome | undefined
  #endedAtMs = 0
  #failure: unknown

  constructor(invocation: Invocation, onEnded: () => void) {
    this.#onEnded = onEnded
    if (!isFinal(invocation)) return
    const { status, result, error } = invocation
    this.#outcome = { status, ...(result === undefined ? {} : { result }), ...(error === undefined ? {} : { error }) }
    this.#endedAtMs = endedAtMs(invocation)
  }

  awaits(outcome: Promise<Outcome | undefined>): void {
    outcome
      .then(
        (value) => {
          this.#outcome = value
          this.#endedAtMs = Date.now()
        },
        (error: unknown) => (this.#failure = error),
      )
      .finally(this.#onEnded)
  }

  /** @throws what kept it from being known */
  outcome(): Outcome | undefined {
    if (this.#failure !== undefined) throw this.#failure as Error
    return this.#outcome
  }

  isAllSaid(head: { readonly finished: boolean } | undefined): boolean {
    return head?.finished === true || this.remainingMs(head) <= 0
  }

  remainingMs(head: object | undefined): number {
    return this.#endedAtMs + (head === undefined ? FIRST_EVENTS_MS : LAST_EVENTS_MS) - Date.now()
  }
}

const endedAtMs = ({ endedAt }: Invocation): number =>
  endedAt === undefined ? Date.now() : Math.min(Date.parse(endedAt), Date.now())

function statusOf({ status, attempt }: Invocation): StatusEvent {
  return { type: 'status', status, ...(attempt === undefined ? {} : { attempt }) }
}

/**
 * Else all that is said up to that number would be kept from whoever follows.
 *
 * @throws {CommandError} `invalid_request`
 */
async function assertIsBehind({ deps: { feed } }: ApiKeyCall, invocation: Invocation, after: number): Promise<void> {
  if (after === 0) return
  const head = await feed.head(invocation.id)
  // What was said of an invocation that ended long ago is forgotten, and nothing follows.
  if (head === undefined && isFinal(invocation) && Date.now() - endedAtMs(invocation) > FIRST_EVENTS_MS) return
  const newest = head?.lastSeq ?? 0
  if (after <= newest) return
  throw new CommandError(
    'invalid_request',
    `last-event-id "${after}" is not of this stream, whose newest event has the id ${newest}; leave it out to follow from the start`,
  )
}

/** @throws {CommandError} `invalid_request` */
function lastEventId(header: string | undefined): number {
  if (header === undefined || header === '') return 0
  if (/^\d{1,15}$/.test(header)) return Number(header)
  throw new CommandError(
    'invalid_request',
    `last-event-id ${JSON.stringify(header.slice(0, 50))} must be the id of an event of this stream, a whole number`,
  )
}
