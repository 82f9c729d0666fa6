/** Runs checks one after the other. What builds on a failed one is left out: its failure would point the wrong way. */
import { formatDuration } from '../protocol/format-duration.js'

export type Level = 'ok' | 'warning' | 'failure' | 'skipped'

export interface Verdict {
  readonly level: Exclude<Level, 'skipped'>
  readonly message: string
  /** What to do about it. */
  readonly remedy?: string
}

export interface Check {
  readonly name: string
  /** Names of checks without which this one says nothing. */
  readonly needs?: readonly string[]
  readonly run: () => Promise<Verdict>
}

export interface Finding {
  readonly check: string
  readonly level: Level
  readonly message: string
  readonly remedy?: string
  readonly tookMs: number
}

/** Above the time limits of what checks do, each of which says more. */
const MAX_CHECK_MS = 30_000

export async function* examine(checks: readonly Check[]): AsyncGenerator<Finding> {
  const unsound = new Set<string>()
  for (const { name, needs = [], run } of checks) {
    const missing = needs.find((need) => unsound.has(need))
    if (missing !== undefined) {
      unsound.add(name)
      yield { check: name, level: 'skipped', message: `it needs "${missing}"`, tookMs: 0 }
      continue
    }
    const startMs = performance.now()
    const verdict = await bounded(run)
    if (verdict.level === 'failure') unsound.add(name)
    yield { check: name, ...verdict, tookMs: Math.round(performance.now() - startMs) }
  }
}

async function bounded(run: () => Promise<Verdict>): Promise<Verdict> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<Verdict>((resolve) => {
    const message = `no answer within ${formatDuration(MAX_CHECK_MS)}`
    timer = setTimeout(() => resolve({ level: 'failure', message }), MAX_CHECK_MS)
  })
  try {
    return await Promise.race([run(), late])
  } catch (error) {
    return { level: 'failure', message: reasonOf(error) }
  } finally {
    clearTimeout(timer)
  }
}

/** A name with several addresses fails with an error for each, and an empty message; OpenSSL's says where in its sources. */
export function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ')
  if (!(error instanceof Error)) return String(error)
  const { library, reason } = error as { library?: unknown; reason?: unknown }
  return library !== undefined && typeof reason === 'string' ? `TLS: ${reason}` : error.message
}

/** Node's or OpenSSL's name of it; `""` when it has none. */
export function codeOf(error: unknown): string {
  if (error instanceof AggregateError) return codeOf(error.errors[0])
  const { code } = (error ?? {}) as { readonly code?: unknown }
  return typeof code === 'string' ? code : ''
}
