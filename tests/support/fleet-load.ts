/** Callers that go on and on while parts of the fleet come and go, and what became of each of their invocations. */
import { CommandError, type CommandsClient, type InvocationHandle } from '@alienplatform/sdk/commands'
import { randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { effectsIn, gateOf } from '../../chaos/effects.js'
import { readHistory } from '../../chaos/history.js'
import { violationsOf, type FaultTimes } from '../../chaos/judge.js'
import type { Observation } from '../../chaos/trial.js'
import { eventually } from './eventually.js'
import type { Fleet } from './fleet.js'

interface Call {
  readonly handle: InvocationHandle<string>
  readonly file: string
  readonly atMostOnce: boolean
}

/** Of a caller who is told "unavailable" in spite of all that the client tries itself; nobody should be. */
interface Refused {
  readonly error: unknown
}

const ENDS_WITHIN_MS = 90_000

export class FleetLoad {
  readonly #fleet: Fleet
  readonly #calls: Call[] = []
  readonly #held: Call[] = []
  readonly #refused: Refused[] = []
  readonly #lanes: Promise<void>[]
  #ended = 0
  #stopped = false

  /** Every second call of a lane is of an at-most-once command. @param lanes calls at a time, by turns to the deployments */
  constructor(fleet: Fleet, deployments: readonly string[], lanes: number) {
    this.#fleet = fleet
    this.#lanes = Array.from({ length: lanes }, (_, lane) =>
      this.#run(fleet.client(deployments[lane % deployments.length] ?? ''), lane),
    )
  }

  /** Resolves when so many more calls have come to their end. */
  async goesOn(calls: number): Promise<void> {
    const enough = this.#ended + calls
    await eventually(`${calls} more calls end`, () => this.#ended >= enough || undefined, ENDS_WITHIN_MS)
  }

  /** One whose handler is running, and goes on until the end of the load. */
  async hold(deployment: string): Promise<void> {
    const call = await this.#start(this.#fleet.client(deployment), false)
    this.#held.push(call)
    const entered = async () => (await effectsIn(call.file)).some(({ effect }) => effect === 'entered') || undefined
    await eventually('the handler that is held runs', entered, ENDS_WITHIN_MS)
  }

  /** Lets everything end. */
  async stop(): Promise<void> {
    this.#stopped = true
    await Promise.all(this.#held.map(({ file }) => writeFile(gateOf(file), '')))
    await Promise.all([...this.#lanes, ...this.#held.map((call) => this.#end(call))])
  }

  get calls(): number {
    return this.#calls.length
  }

  /**
   * What is wrong with what became of them: lost, run twice, a foreign result, an error that a caller got to see.
   *
   * @param agentGone when an agent went; what it had under way then may have been run again
   */
  async violations(agentGone: readonly FaultTimes[]): Promise<string[]> {
    const judged = await Promise.all(
      this.#calls.map(async (call) => {
        const trial = await this.#observe(call)
        const fault = agentGone.find(({ fromMs, toMs }) =>
          trial.history.attempts.some(({ startedAtMs, endedAtMs }) => startedAtMs <= toMs && endedAtMs >= fromMs),
        )
        const violations = violationsOf(trial, { agent: fault ? 'dies' : 'lives' }, fault ?? { fromMs: 0, toMs: 0 })
        return violations.map((violation) => `${trial.invocationId} ${violation}`)
      }),
    )
    return [...judged.flat(), ...this.#refused.map(({ error }) => `a caller was told: ${String(error)}`)]
  }

  async #run(client: CommandsClient, lane: number): Promise<void> {
    for (let turn = lane; !this.#stopped; turn += 1) {
      try {
        const call = await this.#start(client, turn % 2 === 1)
        await writeFile(gateOf(call.file), '')
        await this.#end(call)
      } catch (error) {
        this.#refused.push({ error })
      }
      this.#ended += 1
    }
  }

  async #start(client: CommandsClient, atMostOnce: boolean): Promise<Call> {
    const file = join(this.#fleet.folder, randomUUID())
    const handle = await client.start<string>(atMostOnce ? 'work-once' : 'work', { file })
    const call = { handle, file, atMostOnce }
    this.#calls.push(call)
    return call
  }

  /** How it ended is for the judge, as long as somebody knows. */
  async #end({ handle }: Call): Promise<void> {
    await handle.result({ signal: AbortSignal.timeout(ENDS_WITHIN_MS) }).catch((error: unknown) => {
      if (!(error instanceof CommandError) || error.code === 'unavailable') throw error
    })
  }

  async #observe({ handle, file, atMostOnce }: Call): Promise<Observation> {
    const invocation = await handle.describe()
    const isOver = invocation.status !== 'queued' && invocation.status !== 'running'
    return {
      invocationId: handle.id,
      column: 'running',
      atMostOnce,
      wasNoted: false,
      verdict: undefined,
      lateVerdict: undefined,
      effects: await effectsIn(file),
      invocation: isOver ? invocation : undefined,
      history: await readHistory(this.#fleet.temporal, handle.id),
    }
  }
}
