/** Many at once, but not more than a machine has file descriptors for. */
import { Breach } from './attack.js'
import type { Peer } from './http2-peer.js'

/** Runs `act` so many times, so many at once. */
export async function crowd(count: number, atOnce: number, act: (index: number) => Promise<unknown>): Promise<void> {
  let next = 0
  const lane = async (): Promise<void> => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, lane))
}

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
