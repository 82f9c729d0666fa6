/** The thread of `stand-in.ts`: looks whether the agent's own counts on, and heartbeats for its attempts when it does not. */
import { parentPort, workerData } from 'node:worker_threads'
import { fetchThroughProxy } from '../client/fetch-through-proxy.js'
import { requestJson } from '../client/request.js'
import type { AgentHeartbeatsAnswer } from '../protocol/agent-heartbeats.js'
import { CANCEL_GRACE_MS } from '../protocol/cancel.js'
import { CommandError } from '../protocol/errors.js'
import type { FromStandIn, StandInSettings, ToStandIn } from './stand-in-messages.js'

const LOOK_EVERY_MS = 250
/**
 * A request must get through before the shortest heartbeat time-out, 2 s, is over, and the last heartbeat may be older
 * than the hold; a machine that is busy only costs a heartbeat more.
 */
const HELD_AFTER_MS = 600
/** Held for less, it is not worth a word. */
const WORTH_A_WORD_MS = 2_000
const GIVE_UP_AFTER_MS = 5_000
/** Of the details in one request. */
const MAX_REQUEST_CHARACTERS = 500_000

interface Attempt {
  readonly taskToken: string
  readonly command: string
  details: string | undefined
  /** Nobody can tell its handler; after the grace time for handlers it is as deaf as any. */
  canceledAtMs: number
  isOver: boolean
}

const { url, beats: buffer, token: firstToken } = workerData as StandInSettings
const beats = new Int32Array(buffer)
const fetch = fetchThroughProxy(url)
const attempts = new Map<number, Attempt>()
let token = firstToken
let seen = 0
let movedAtMs = 0
let lookedAtMs = 0
let looking: NodeJS.Timeout | undefined
let sending: Promise<void> | undefined
let isOff = false

parentPort?.on('message', (message: ToStandIn) => {
  switch (message.kind) {
    case 'token':
      token = message.token
      return
    case 'open': {
      const { id, taskToken, command } = message
      attempts.set(id, { taskToken, command, details: undefined, canceledAtMs: Infinity, isOver: false })
      if (looking === undefined) start()
      return
    }
    case 'details': {
      const attempt = attempts.get(message.id)
      if (attempt) attempt.details = message.details
      return
    }
    case 'close':
      // Who says so is not held any more; as long as it is known what was run.
      look(true)
      attempts.delete(message.id)
      if (attempts.size > 0) return
      clearInterval(looking)
      looking = undefined
  }
})

function start(): void {
  movedAtMs = lookedAtMs = performance.now()
  seen = Atomics.load(beats, 0)
  looking = setInterval(() => look(), LOOK_EVERY_MS)
}

function look(isHeard = false): void {
  const nowMs = performance.now()
  const now = Atomics.load(beats, 0)
  const heldMs = nowMs - movedAtMs
  // This thread stood still as well: so did the whole process.
  const wasStopped = nowMs - lookedAtMs > HELD_AFTER_MS + LOOK_EVERY_MS
  lookedAtMs = nowMs
  if (isHeard || now !== seen || wasStopped) {
    if (heldMs >= WORTH_A_WORD_MS && !wasStopped)
      tell({ kind: 'held', heldMs: Math.round(heldMs), commands: commands() })
    seen = now
    movedAtMs = nowMs
    return
  }
  if (heldMs >= HELD_AFTER_MS && !isOff) sending ??= send(nowMs).finally(() => (sending = undefined))
}

const commands = (): string[] => [...new Set([...attempts.values()].map(({ command }) => JSON.stringify(command)))]

async function send(nowMs: number): Promise<void> {
  const waiting = [...attempts.values()].filter(
    ({ isOver, canceledAtMs }) => !isOver && nowMs - canceledAtMs < CANCEL_GRACE_MS,
  )
  while (waiting.length > 0) {
    const batch: Attempt[] = []
    for (let characters = 0; waiting.length > 0 && characters < MAX_REQUEST_CHARACTERS;) {
      const [next] = waiting.splice(0, 1) as [Attempt]
      batch.push(next)
      characters += next.taskToken.length + (next.details?.length ?? 0)
    }
    await heartbeat(batch)
  }
}

async function heartbeat(batch: readonly Attempt[]): Promise<void> {
  const body = {
    attempts: batch.map(({ taskToken, details }) => ({
      taskToken,
      ...(details === undefined ? {} : { details: JSON.parse(details) as unknown }),
    })),
  }
  try {
    const signal = AbortSignal.timeout(GIVE_UP_AFTER_MS)
    const endpoint = { baseUrl: url, token, giveUpAfterMs: 0, signal, fetch }
    const call = { method: 'POST', path: '/v1/agent/heartbeats', body } as const
    const answer = await requestJson<AgentHeartbeatsAnswer>(endpoint, call)
    for (const [index, { cancelRequested, final }] of answer.attempts.entries()) {
      const attempt = batch[index]
      if (attempt === undefined) continue
      attempt.isOver ||= final
      if (cancelRequested) attempt.canceledAtMs = Math.min(attempt.canceledAtMs, performance.now())
    }
  } catch (error) {
    const { code, message } = CommandError.from(error)
    // A control plane that knows nothing of it; anything else may pass.
    if (code !== 'internal' && code !== 'invalid_request') return
    isOff = true
    tell({ kind: 'trouble', reason: message })
  }
}

function tell(message: FromStandIn): void {
  parentPort?.postMessage(message)
}
