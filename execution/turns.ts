/**
 * Whose turn it is: of a command with `concurrency`, so many handlers run at once in this process, and the others wait
 * their turn, oldest first. Those of other commands do not wait for them.
 *
 * Invariants:
 *  T1  of a command never more turns are out than it allows
 *  T2  those that wait are few enough to leave the agent room for other commands: the youngest are turned away
 *
 * Who is turned away comes again, after a pause: as old as it is by then, it goes before those that came meanwhile.
 */
import { CommandError } from '../protocol/errors.js'
import type { TurnWait } from './turn-wait.js'

/** Attempts that may wait in an agent, of all its commands together. Each holds one of its worker's slots. */
export const MAX_WAITING = 50

interface Place {
  readonly sinceMs: number
  readonly next: () => void
  readonly turnAway: () => void
}

interface CommandTurns {
  out: number
  /** Oldest first. */
  readonly waiting: Place[]
}

/** To be disposed of when the handler has ended. */
export type Turn = Disposable

export class Turns {
  readonly #commands = new Map<string, CommandTurns>()

  /**
   * @param wait `signal` gives up waiting, and its reason is thrown; `sinceMs`: who began to wait first has its turn first
   * @param onWait called when it has to wait
   * @throws {CommandError} `unavailable` when too many wait that are older
   */
  async take(
    command: string,
    atOnce: number,
    wait: Pick<TurnWait, 'signal' | 'sinceMs'>,
    onWait: () => void,
  ): Promise<Turn> {
    wait.signal.throwIfAborted()
    const turns = this.#of(command)
    if (turns.out < atOnce) turns.out += 1
    else {
      const turnedAway = () => tooMany(command, atOnce)
      if (!this.#makeRoom(wait.sinceMs)) throw turnedAway()
      onWait()
      await itsTurn(turns, wait, turnedAway)
    }
    return { [Symbol.dispose]: () => this.#giveBack(command, turns) }
  }

  #of(command: string): CommandTurns {
    const turns = this.#commands.get(command) ?? { out: 0, waiting: [] }
    this.#commands.set(command, turns)
    return turns
  }

  /** Whether there is any for one that waits since then. */
  #makeRoom(sinceMs: number): boolean {
    const all = [...this.#commands.values()].flatMap(({ waiting }) => waiting)
    if (all.length < MAX_WAITING) return true
    const youngest = all.reduce((one, other) => (other.sinceMs > one.sinceMs ? other : one))
    if (youngest.sinceMs <= sinceMs) return false
    youngest.turnAway()
    return true
  }

  /** Whoever waits longest has it next. */
  #giveBack(command: string, turns: CommandTurns): void {
    const [next] = turns.waiting
    if (next) next.next()
    else if ((turns.out -= 1) === 0) this.#commands.delete(command)
  }
}

function itsTurn(
  { waiting }: CommandTurns,
  { sinceMs, signal }: Pick<TurnWait, 'signal' | 'sinceMs'>,
  turnedAway: () => CommandError,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const leave = (): void => {
      waiting.splice(waiting.indexOf(place), 1)
      // Given its turn at the same moment, it has it.
      signal.removeEventListener('abort', giveUp)
    }
    const end = (how: () => void) => (): void => {
      leave()
      how()
    }
    const place: Place = { sinceMs, next: end(resolve), turnAway: end(() => reject(turnedAway())) }
    const giveUp = end(() => reject(signal.reason as Error))
    const index = waiting.findIndex((other) => other.sinceMs > sinceMs)
    waiting.splice(index === -1 ? waiting.length : index, 0, place)
    signal.addEventListener('abort', giveUp, { once: true })
  })
}

const tooMany = (command: string, atOnce: number): CommandError =>
  new CommandError(
    'unavailable',
    `this agent runs "${command}" ${atOnce} at a time, and ${MAX_WAITING} older attempts wait for their turn already`,
  )
