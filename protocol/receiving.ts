/**
 * Whose message may come in now. A message may have megabytes, and a sender any number of them on their way, on many
 * connections; those that are not whole yet are all held in memory. So of each sender some may come in at once, and the
 * others wait unread, which holds up their sender and nobody else.
 */

/** One agent reports on a hundred commands at most, and a report is in within milliseconds. */
const AT_ONCE = 16
/** What comes of a message before it is read is held as well, up to 64 kB of each. */
const MAX_WAITING = 500

type Start = () => void

export class Receiving {
  readonly #senders = new Map<string, { readonly active: Set<Start>; readonly waiting: Set<Start> }>()

  /**
   * @param sender a deployment, or a token
   * @param start called when it is this one's turn: at once, or later
   * @returns what says that it is in, or will not come any more; `undefined` when too many wait already
   */
  enter(sender: string, start: Start): (() => void) | undefined {
    const { active, waiting } = this.#of(sender)
    if (active.size < AT_ONCE) {
      active.add(start)
      start()
    } else if (waiting.size < MAX_WAITING) waiting.add(start)
    else return undefined
    return () => this.#leave(sender, start)
  }

  #of(sender: string) {
    const known = this.#senders.get(sender)
    if (known) return known
    const made = { active: new Set<Start>(), waiting: new Set<Start>() }
    this.#senders.set(sender, made)
    return made
  }

  #leave(sender: string, start: Start): void {
    const { active, waiting } = this.#of(sender)
    waiting.delete(start)
    if (active.delete(start)) {
      const [next] = waiting
      if (next) {
        waiting.delete(next)
        active.add(next)
        next()
      }
    }
    if (active.size === 0) this.#senders.delete(sender)
  }
}
