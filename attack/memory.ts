/** Whether attacks leave the control plane as large as it was. */
import { setTimeout as delay } from 'node:timers/promises'
import { Breach, type Arena, type Scale } from './attack.js'
import type { Battlefield } from './battlefield.js'
import type { Memory } from './control-plane.js'

/** Resident memory may grow by this much in an attack, and over all of them. */
const MAX_RESIDENT_GROWTH_BYTES = 50 * 1024 * 1024
/** What is reachable may grow by this much: a map that nobody clears shows here, long before it shows in what is resident. */
const MAX_HELD_GROWTH_BYTES = 5 * 1024 * 1024

const LOOK_AGAIN_MS = 500
const SLIM_WITHIN_MS = 25_000

export async function memoryOf({ ask }: Battlefield): Promise<Memory> {
  return (await ask({ kind: 'memory' })).memory
}

/**
 * What closed connections held is given back within seconds, not at once. What is resident is judged at full scale
 * only, after an ordinary day: it has in it what malloc keeps of all that was ever freed, tens of megabytes of it.
 */
export async function assertSlim(arena: Arena, before: Memory, { oneByOne }: Scale): Promise<void> {
  const endMs = Date.now() + SLIM_WITHIN_MS
  for (;;) {
    const now = await memoryOf(arena)
    const growth = { held: now.heldBytes - before.heldBytes, resident: now.rssBytes - before.rssBytes }
    const slim = growth.held < MAX_HELD_GROWTH_BYTES && (growth.resident < MAX_RESIDENT_GROWTH_BYTES || !oneByOne)
    if (slim) return
    if (Date.now() > endMs) {
      throw new Breach(`memory grew by ${inMb(growth.resident)} MB, ${inMb(growth.held)} MB of it still reachable`)
    }
    await delay(LOOK_AGAIN_MS)
  }
}

const inMb = (bytes: number): number => Math.round(bytes / 1e6)
