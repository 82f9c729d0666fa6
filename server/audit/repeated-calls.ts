/** Tells calls that are alike from those that are news, for what a caller may do again and again without changing anything. */
import { LRUCache } from 'lru-cache'
import type { AuditEntry } from '../../protocol/audit.js'

const AGAIN_AFTER_MS = 3_600_000
/** More agents than there will be; beyond that, some are recorded more often. */
const MAX_KINDS = 10_000

export class RepeatedCalls {
  /** When one of its kind was recorded last. */
  readonly #recordedMs = new LRUCache<string, number>({ max: MAX_KINDS })

  /** Whether it is the first of its kind in an hour: by the same token, from the same address, with the same end. */
  isFirst({ actor, address, action, status, code }: AuditEntry, nowMs = performance.now()): boolean {
    const kind = [actor.id, address, action, status, code].join(' ')
    const lastMs = this.#recordedMs.get(kind)
    if (lastMs !== undefined && nowMs - lastMs < AGAIN_AFTER_MS) return false
    this.#recordedMs.set(kind, nowMs)
    return true
  }
}
