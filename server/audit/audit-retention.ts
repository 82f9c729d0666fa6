/** Deletes audit records that are older than they are kept, a few at a time, so that no call waits for it. */
import { setTimeout as delay } from 'node:timers/promises'
import type { AuditRecords } from '../registry/audit-records.js'

export const DEFAULT_AUDIT_RETENTION_MS = 365 * 86_400_000

/** How often to look. Every control plane of a registry does, which is no harm. */
const LOOK_MS = 3_600_000
const BATCH = 500
/** Between two batches, for others to write. */
const PAUSE_MS = 100

interface RetentionLog {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
}

export interface AuditRetention {
  /** Ends it, and waits for the batch under way. */
  readonly close: () => Promise<void>
}

/** Looks at once, and every hour. @param keepMs how long records are kept */
export function startAuditRetention(
  records: Pick<AuditRecords, 'deleteOlder'>,
  keepMs: number,
  log: RetentionLog,
): AuditRetention {
  const ending = new AbortController()
  const running = run(records, keepMs, log, ending.signal)
  return {
    close: () => {
      ending.abort()
      return running
    },
  }
}

async function run(
  records: Pick<AuditRecords, 'deleteOlder'>,
  keepMs: number,
  log: RetentionLog,
  signal: AbortSignal,
): Promise<void> {
  while (!signal.aborted) {
    try {
      const deleted = await deleteAll(records, new Date(Date.now() - keepMs), signal)
      if (deleted > 0) log.info({ deleted }, 'old audit records were deleted')
    } catch (error) {
      log.warn({ error: error instanceof Error ? error.message : String(error) }, 'old audit records are still there')
    }
    await pause(LOOK_MS, signal)
  }
}

async function deleteAll(
  records: Pick<AuditRecords, 'deleteOlder'>,
  before: Date,
  signal: AbortSignal,
): Promise<number> {
  let deleted = 0
  for (;;) {
    const batch = await records.deleteOlder(before, BATCH)
    deleted += batch
    if (batch < BATCH || signal.aborted) return deleted
    await pause(PAUSE_MS, signal)
  }
}

/** Ends early, without an error, when told to stop. It alone keeps no process alive. */
const pause = (ms: number, signal: AbortSignal): Promise<void> =>
  delay(ms, undefined, { signal, ref: false }).catch(() => undefined)
