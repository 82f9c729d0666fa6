/**
 * The polls that agents hold. Each is counted, ends with its token, and ends when we drain.
 */
import { status } from '@grpc/grpc-js'
import type { Agent } from './agent.js'
import { Refusal, unavailable } from './refusal.js'

export interface PollLimits {
  /**
   * Polls one agent may hold, by the name that it gives itself. One of ours holds 2. It keeps agents of a deployment from
   * starving each other, not one that goes by many names: what a token proves is the deployment.
   */
  readonly perAgent: number
  /** Polls all agents of a deployment may hold together. */
  readonly perDeployment: number
}

export const DEFAULT_POLL_LIMITS: PollLimits = { perAgent: 20, perDeployment: 500 }

/** Which of these tokens are still good. Rejects when that cannot be found out now. */
export type LiveTokens = (tokenIds: readonly string[]) => Promise<ReadonlySet<string>>

/** How often the tokens of held polls are looked at again: with what is trusted meanwhile, within 5 s of a revocation. */
const RECHECK_MS = 2_000

export interface OpenPoll {
  readonly agent: Agent
  /** Aborts when the poll must end. */
  readonly signal: AbortSignal
  /** Why it must end: its token was revoked, we drain, its worker says farewell, or its agent is gone. */
  readonly endedBy: 'revocation' | 'drain' | 'farewell' | 'departure' | undefined
  /** The agent is gone. */
  abandon(): void
  close(): void
}

class Poll implements OpenPoll {
  readonly #ending = new AbortController()
  readonly #onClose: () => void
  readonly agent: Agent
  readonly agentKey: string
  endedBy: OpenPoll['endedBy']

  constructor(agent: Agent, agentKey: string, onClose: (poll: Poll) => void) {
    this.agent = agent
    this.agentKey = agentKey
    this.#onClose = () => onClose(this)
  }

  get signal(): AbortSignal {
    return this.#ending.signal
  }

  end(why: NonNullable<OpenPoll['endedBy']>): void {
    this.endedBy ??= why
    this.#ending.abort()
  }

  abandon(): void {
    this.end('departure')
  }

  close(): void {
    this.#onClose()
  }
}

export class OpenPolls {
  readonly #limits: PollLimits
  readonly #liveTokens: LiveTokens
  readonly #polls = new Set<Poll>()
  readonly #counts = new Map<string, number>()
  readonly #recheck: NodeJS.Timeout
  #draining = false

  constructor(limits: PollLimits, liveTokens: LiveTokens) {
    this.#limits = limits
    this.#liveTokens = liveTokens
    this.#recheck = setInterval(() => void this.#endRevoked(), RECHECK_MS)
    this.#recheck.unref()
  }

  get size(): number {
    return this.#polls.size
  }

  /**
   * @param workerKey what the agent's worker calls itself: keeps agents of a deployment from starving each other
   * @throws {Refusal} RESOURCE_EXHAUSTED over a limit, UNAVAILABLE while draining
   */
  open(agent: Agent, workerKey: string): OpenPoll {
    if (this.#draining) throw unavailable('the control plane is stopping')
    const deploymentKey = agent.deployment.id
    const agentKey = keyOf(agent, workerKey)
    this.#assertBelow(agentKey, this.#limits.perAgent, 'this agent')
    this.#assertBelow(deploymentKey, this.#limits.perDeployment, 'the agents of this deployment')
    const poll = new Poll(agent, agentKey, (closed) => this.#close(closed))
    this.#polls.add(poll)
    this.#count(agentKey, 1)
    this.#count(deploymentKey, 1)
    return poll
  }

  /** Ends those of a worker that leaves, and waits for what they came to. */
  endOf(agent: Agent, workerKey: string): void {
    const agentKey = keyOf(agent, workerKey)
    for (const poll of this.#polls) if (poll.agentKey === agentKey) poll.end('farewell')
  }

  /** Ends all, and takes no more. */
  drain(): void {
    this.#draining = true
    clearInterval(this.#recheck)
    for (const poll of this.#polls) poll.end('drain')
  }

  #assertBelow(key: string, limit: number, who: string): void {
    if ((this.#counts.get(key) ?? 0) < limit) return
    throw new Refusal(status.RESOURCE_EXHAUSTED, `${who} may hold ${limit} polls at once`)
  }

  #close(poll: Poll): void {
    if (!this.#polls.delete(poll)) return
    this.#count(poll.agentKey, -1)
    this.#count(poll.agent.deployment.id, -1)
  }

  #count(key: string, change: number): void {
    const count = (this.#counts.get(key) ?? 0) + change
    if (count > 0) this.#counts.set(key, count)
    else this.#counts.delete(key)
  }

  /** One question for all. A registry that is down ends nothing. */
  async #endRevoked(): Promise<void> {
    const tokenIds = [...new Set([...this.#polls].map(({ agent }) => agent.tokenId))]
    if (tokenIds.length === 0) return
    const live = await this.#liveTokens(tokenIds).catch(() => undefined)
    if (live === undefined) return
    // A poll that was opened meanwhile was not asked about, and its token was looked at just now.
    const asked = new Set(tokenIds)
    for (const poll of this.#polls) {
      const { tokenId } = poll.agent
      if (asked.has(tokenId) && !live.has(tokenId)) poll.end('revocation')
    }
  }
}

const keyOf = ({ deployment }: Agent, workerKey: string): string => `${deployment.id}/${workerKey}`
