/**
 * Whose message may come in now. An agent's message may have 4 MB, its connection 250 streams, and it may have many
 * connections; those that are not whole yet are all held in memory. So of each deployment some may come in at once,
 * and the others wait unread, which holds up their sender and nobody else.
 */

/** One agent reports on a hundred commands at most, and a report is in within milliseconds. */
const AT_ONCE = 16

type Start = () => void

export class Receiving {
  readonly #deployments = new Map<string, { readonly active: Set<Start>; readonly waiting: Set<Start> }>()

  /**
   * @param start called when it is this one's turn: at once, or later
   * @returns what says that it is in, or will not come any more
   */
  enter(deploymentId: string, start: Start): () => void {
    const { active, waiting } = this.#of(deploymentId)
    if (active.size < AT_ONCE) {
      active.add(start)
      start()
    } else waiting.add(start)
    return () => this.#leave(deploymentId, start)
  }

  #of(deploymentId: string) {
    const known = this.#deployments.get(deploymentId)
    if (known) return known
    const made = { active: new Set<Start>(), waiting: new Set<Start>() }
    this.#deployments.set(deploymentId, made)
    return made
  }

  #leave(deploymentId: string, start: Start): void {
    const { active, waiting } = this.#of(deploymentId)
    waiting.delete(start)
    if (active.delete(start)) {
      const [next] = waiting
      if (next) {
        waiting.delete(next)
        active.add(next)
        next()
      }
    }
    if (active.size === 0) this.#deployments.delete(deploymentId)
  }
}
