/**
 * Connections on which an agent of a deployment is known. They are bounded, for a session costs some 30 kB, and who has a
 * token can open any number of them.
 */

/** An agent has one, and another while it takes its place; there is room for the polls of half as many. */
export const MAX_CONNECTIONS = 1_000

export class KnownConnections {
  /** By deployment: `address:port`, as a call tells its peer. */
  readonly #peers = new Map<string, Set<string>>()

  /**
   * To be called with every call.
   *
   * @param onClose calls what it is given when the connection is closed
   * @returns whether there is room for it
   */
  admit(deploymentId: string, peer: string, onClose: (gone: () => void) => void): boolean {
    const peers = this.#peers.get(deploymentId) ?? new Set<string>()
    if (peers.has(peer)) return true
    if (peers.size >= MAX_CONNECTIONS) return false
    peers.add(peer)
    this.#peers.set(deploymentId, peers)
    onClose(() => {
      peers.delete(peer)
      if (peers.size === 0 && this.#peers.get(deploymentId) === peers) this.#peers.delete(deploymentId)
    })
    return true
  }
}
