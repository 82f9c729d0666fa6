/** Reads the registry's sealing keys again and again: another control plane may have rotated them. */
import type { SealingKeys } from './registry/sealing-keys.js'

/** Often enough for `SEALING_KEY_SPREAD_MS`, with looks that fail. */
const LOOK_MS = 2_000

interface WatchLog {
  warn(fields: object, message: string): void
}

/** @returns what ends it */
export function watchSealingKeys(
  keys: Pick<SealingKeys, 'all'>,
  use: (keys: readonly [Buffer, ...Buffer[]]) => void,
  log: WatchLog,
): () => void {
  let looking = false
  const look = async (): Promise<void> => {
    if (looking) return
    looking = true
    try {
      use(await keys.all())
    } catch (error) {
      log.warn({ error: error instanceof Error ? error.message : String(error) }, 'sealing keys could not be read')
    } finally {
      looking = false
    }
  }
  const timer = setInterval(() => void look(), LOOK_MS).unref()
  return () => clearInterval(timer)
}
