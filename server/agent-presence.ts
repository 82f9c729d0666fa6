/**
 * Which agents are there, told by the polls they hold: online is who is receiving.
 *
 *   first poll ──► arrived ──► (a poll held, or none for a moment) ──► left
 */
import { randomUUID } from 'node:crypto'
import type { Agents, SeenAgent } from './registry/agents.js'

/** Between two polls, and while a control plane is restarted, an agent holds none. */
const LINGER_MS = 5_000
/** An agent whose control plane died is online no longer than this. */
const TRUSTED_MS = 30_000
const RENEW_MS = 10_000
/** An agent may call itself anything, as often as it likes: of one deployment no more are watched at a time. */
const MAX_WATCHED = 100

interface Watched {
  readonly tokenId: string
  polls: number
  /** By a clock that nobody sets; while it holds none. */
  lastPollMs: number
  leaving: NodeJS.Timeout | undefined
}

export interface PresenceLog {
  warn(fields: object, message: string): void
}

export class PresenceWatch {
  readonly #agents: Agents
  readonly #log: PresenceLog
  readonly #holder = randomUUID()
  readonly #watched = new Map<string, Map<string, Watched>>()
  readonly #renewal: NodeJS.Timeout
  /** In order, so that who left does not arrive after it. */
  #writes: Promise<void> = Promise.resolve()

  constructor(agents: Agents, log: PresenceLog) {
    this.#agents = agents
    this.#log = log
    this.#renewal = setInterval(() => {
      if (this.#watched.size > 0) this.#write(() => agents.stay(this.#holder, until()))
    }, RENEW_MS)
    this.#renewal.unref()
  }

  /** Agents that are watched here. */
  get count(): number {
    let count = 0
    for (const ofDeployment of this.#watched.values()) count += ofDeployment.size
    return count
  }

  /** Call what it gives when the poll ends. */
  polls(agent: SeenAgent): () => void {
    const ofDeployment = this.#watched.get(agent.deploymentId) ?? new Map<string, Watched>()
    const known = ofDeployment.get(agent.key)
    if (known === undefined && ofDeployment.size >= MAX_WATCHED) return () => undefined
    const watched = known ?? { tokenId: agent.tokenId, polls: 0, lastPollMs: 0, leaving: undefined }
    watched.polls += 1
    clearTimeout(watched.leaving)
    watched.leaving = undefined
    if (known === undefined) {
      ofDeployment.set(agent.key, watched)
      this.#watched.set(agent.deploymentId, ofDeployment)
      // Should it fail, the next poll tries again.
      this.#write(
        () => this.#agents.arrived(agent, this.#holder, until()),
        () => ofDeployment.delete(agent.key),
      )
    }
    return () => {
      watched.polls -= 1
      watched.lastPollMs = performance.now()
      if (watched.polls === 0) watched.leaving = setTimeout(() => this.#left(agent), LINGER_MS).unref()
    }
  }

  /**
   * An agent with this token does something else than poll: one that has all the work it can take holds no poll, and is
   * there all the same.
   */
  heard({ deploymentId, tokenId }: Pick<SeenAgent, 'deploymentId' | 'tokenId'>): void {
    for (const watched of this.#watched.get(deploymentId)?.values() ?? []) {
      if (watched.tokenId === tokenId) watched.leaving?.refresh()
    }
  }

  /**
   * Whether polls of the agent arrive: here, or at another control plane, of which is known only that the agent is online.
   */
  async isReceiving({ deploymentId, key }: Pick<SeenAgent, 'deploymentId' | 'key'>): Promise<boolean> {
    const ofDeployment = this.#watched.get(deploymentId)
    const watched = ofDeployment?.get(key)
    if (watched === undefined) {
      // One of too many: nothing is known of it, and to be told that it is deaf would make it dial again for good.
      if (ofDeployment !== undefined && ofDeployment.size >= MAX_WATCHED) return true
      return this.#agents.isOnline({ deploymentId, key })
    }
    return watched.polls > 0 || performance.now() - watched.lastPollMs < LINGER_MS
  }

  /** What is watched here has left, as far as this control plane knows. */
  async close(): Promise<void> {
    clearInterval(this.#renewal)
    for (const ofDeployment of this.#watched.values()) {
      for (const { leaving } of ofDeployment.values()) clearTimeout(leaving)
    }
    this.#watched.clear()
    this.#write(() => this.#agents.left(this.#holder))
    await this.#writes
  }

  #left(agent: SeenAgent): void {
    const ofDeployment = this.#watched.get(agent.deploymentId)
    ofDeployment?.delete(agent.key)
    if (ofDeployment?.size === 0) this.#watched.delete(agent.deploymentId)
    this.#write(() => this.#agents.left(this.#holder, agent))
  }

  #write(write: () => Promise<void>, undo: () => void = () => undefined): void {
    this.#writes = this.#writes.then(write).catch((error: unknown) => {
      undo()
      this.#log.warn({ error: error instanceof Error ? error.message : String(error) }, 'agents could not be noted')
    })
  }
}

const until = (): Date => new Date(Date.now() + TRUSTED_MS)
