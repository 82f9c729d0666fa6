/**
 * Whose turn it is: of a command with `concurrency`, so many handlers run at once in this process, and the others wait
 * their turn, oldest first. Those of other commands do not wait for them.
 *
 * Invariants:
 *  T1  of a command never more turns are out than it allows
 *  T2  those that wait are few enough to leave the agent room for other commands: any more are turned away
 */
import { CommandError } from '../protocol/errors.js'

/** Attempts that may wait in an agent, of all its commands together. Each holds one of its worker's slots. */
export const MAX_WAITING = 50

interface CommandTurns {
  out: number
  readonly waiting: Set<() => void>
}

/** To be disposed of when the handler has ended. */
export type Turn = Disposable

export class Turns {
  readonly #commands = new Map<string, CommandTurns>()
  #waiting = 0

  /**
   * @param signal gives up waiting; its reason is thrown
   * @param onWait called when it has to wait
   * @throws {CommandError} `unavailable` when too many wait already
   */
  async take(command: string, atOnce: number, signal: AbortSignal, onWait: () => void): Promise<Turn> {
    signal.throwIfAborted()
    const turns = this.#of(command)
    if (turns.out < atOnce) turns.out += 1
    else {
      if (this.#waiting >= MAX_WAITING) throw tooMany(command, atOnce)
      onWait()
      this.#waiting += 1
      await itsTurn(turns, signal).finally(() => (this.#waiting -= 1))
    }
    return { [Symbol.dispose]: () => this.#giveBack(command, turns) }
  }

  #of(command: string): CommandTurns {
    const turns = this.#commands.get(command) ?? { out: 0, waiting: new Set() }
    this.#commands.set(command, turns)
    return turns
  }

  /** Whoever waits longest has it next. */
  #giveBack(command: string, turns: CommandTurns): void {
    const [next] = turns.waiting
    if (next) next()
    else if ((turns.out -= 1) === 0) this.#commands.delete(command)
  }
}

async function itsTurn({ waiting }: CommandTurns, signal: AbortSignal): Promise<void> {
  let giveUp: () => void = () => undefined
  try {
    await new Promise<void>((resolve, reject) => {
      const next = () => {
        waiting.delete(next)
        resolve()
      }
      giveUp = () => {
        // Given its turn at the same moment, it has it.
        if (waiting.delete(next)) reject(signal.reason as Error)
      }
      waiting.add(next)
      signal.addEventListener('abort', giveUp, { once: true })
    })
  } finally {
    signal.removeEventListener('abort', giveUp)
  }
}

const tooMany = (command: string, atOnce: number): CommandError =>
  new CommandError(
    'unavailable',
    `this agent runs "${command}" ${atOnce} at a time, and ${MAX_WAITING} attempts wait for their turn already`,
  )
