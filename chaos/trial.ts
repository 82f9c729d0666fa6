/** One invocation under fire, from its start to what can be seen of it in the end. */
import type { CancelVerdict } from '../protocol/cancel.js'
import type { Invocation } from '../protocol/invocation.js'
import { CommandError, type InvocationHandle } from '@alienplatform/sdk/commands'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { eventually } from '../tests/support/eventually.js'
import { effectsIn, gateOf, type Effect, type EffectLine } from './effects.js'
import { readHistory, type HistorySummary } from './history.js'
import type { Site } from './site.js'
import type { World } from './world.js'

/** At which moment of an invocation the fault comes. */
export const COLUMNS = ['before', 'running', 'unreported', 'canceling'] as const
export type Column = (typeof COLUMNS)[number]

/** What is seen of a trial when all is over. */
export interface Observation {
  readonly invocationId: string
  readonly column: Column
  readonly atMostOnce: boolean
  /** Whether its outcome was in the agent's journal before the fault. */
  readonly wasNoted: boolean
  /** What the first cancel was answered. */
  readonly verdict: CancelVerdict | undefined
  /** What a cancel is answered after the end. */
  readonly lateVerdict: CancelVerdict | undefined
  readonly effects: readonly EffectLine[]
  /** `undefined` when it did not end in time. */
  readonly invocation: Invocation | undefined
  readonly history: HistorySummary
}

/** From the end of the fault. What is lost is noticed after 8 s, and may be lost twice; work that a full disk held up backs off. */
const ENDS_WITHIN_MS = 90_000
const ENTERS_WITHIN_MS = 60_000

export class Trial {
  readonly site: Site
  readonly column: Column
  readonly atMostOnce: boolean
  readonly #file: string
  #handle: InvocationHandle<string> | undefined
  #wasNoted = false
  #verdict: Promise<CancelVerdict> | undefined

  constructor(world: World, site: Site, column: Column, atMostOnce: boolean) {
    this.site = site
    this.column = column
    this.atMostOnce = atMostOnce
    this.#file = join(world.folder, randomUUID())
  }

  /** However often it has to be tried: the key makes it one invocation. */
  async start(): Promise<void> {
    const { client } = this.site
    const idempotencyKey = randomUUID()
    for (const endMs = Date.now() + ENDS_WITHIN_MS; ;) {
      try {
        const command = this.atMostOnce ? 'work-once' : 'work'
        this.#handle = await client.start<string>(command, { file: this.#file }, { idempotencyKey })
        return
      } catch (error) {
        if (!(error instanceof CommandError) || error.code !== 'unavailable' || Date.now() > endMs) throw error
      }
    }
  }

  async reaches(effect: Effect): Promise<void> {
    const look = async () => (await effectsIn(this.#file)).some((line) => line.effect === effect) || undefined
    await eventually(`the handler has ${effect}`, look, ENTERS_WITHIN_MS)
  }

  /** Resolves when its agent has noted its outcome. */
  async isNoted(): Promise<void> {
    await eventually('the outcome is in the journal', () => this.site.hasNoted(this.handle.id) || undefined)
    this.#wasNoted = true
  }

  openGate(): Promise<void> {
    return writeFile(gateOf(this.#file), '')
  }

  cancel(): void {
    this.#verdict = this.handle.cancel()
    // Whoever observes the trial hears of it.
    this.#verdict.catch(() => undefined)
  }

  async observe(world: World): Promise<Observation> {
    const { handle, column, atMostOnce } = this
    const signal = AbortSignal.timeout(ENDS_WITHIN_MS)
    const hasEnded = await handle.result({ signal }).then(
      () => true,
      () => !signal.aborted,
    )
    return {
      invocationId: handle.id,
      column,
      atMostOnce,
      wasNoted: this.#wasNoted,
      verdict: await this.#verdict,
      lateVerdict: this.#verdict && hasEnded ? await handle.cancel() : undefined,
      effects: await effectsIn(this.#file),
      invocation: hasEnded ? await handle.describe() : undefined,
      history: await readHistory(world.temporal, handle.id),
    }
  }

  private get handle(): InvocationHandle<string> {
    if (!this.#handle) throw new Error('the trial was not started')
    return this.#handle
  }
}
