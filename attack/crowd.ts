/** Many connections at once, and their ends. */
import { Breach } from './attack.js'
import type { Peer } from './http2-peer.js'

/** @throws {Breach} when one of them is not gone in time; all are closed then */
export async function allGone(what: string, peers: readonly Peer[], withinMs: number): Promise<number> {
  const startMs = performance.now()
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'late'>((resolve) => {
    timer = setTimeout(() => resolve('late'), withinMs)
  })
  const end = await Promise.race([Promise.all(peers.map(({ gone }) => gone)), late])
  clearTimeout(timer)
  const left = peers.filter(({ socket }) => !socket.destroyed).length
  leave(peers)
  if (end === 'late') throw new Breach(`${left} of ${peers.length} ${what} are still held after ${withinMs} ms`)
  return Math.round(performance.now() - startMs)
}

export function leave(peers: readonly Peer[]): void {
  for (const { socket } of peers) socket.destroy()
}
