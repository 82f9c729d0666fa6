/** Near misses for error messages: what the caller may have meant. */
import { distance } from 'fastest-levenshtein'

/** A prefix shorter than this is shared by too much to be a hint. */
const MIN_PREFIX_LENGTH = 3

/**
 * The candidates most like `name`, nearest first. A candidate counts when a third of the longer one's letters at most
 * must change, or when one begins with the other (`acme` for `acme-corp`); case does not count.
 */
export function nearest(name: string, candidates: Iterable<string>, limit = 3): string[] {
  const wanted = name.toLowerCase()
  const near: { candidate: string; edits: number }[] = []
  for (const candidate of new Set(candidates)) {
    const edits = editsBetween(wanted, candidate.toLowerCase())
    if (edits !== undefined) near.push({ candidate, edits })
  }
  near.sort((a, b) => a.edits - b.edits || (a.candidate < b.candidate ? -1 : 1))
  return near.slice(0, limit).map(({ candidate }) => candidate)
}

function editsBetween(a: string, b: string): number | undefined {
  const [shorter, longer] = a.length < b.length ? [a, b] : [b, a]
  if (shorter.length >= MIN_PREFIX_LENGTH && longer.startsWith(shorter)) return 1
  const maxEdits = Math.max(1, Math.floor(longer.length / 3))
  if (longer.length - shorter.length > maxEdits) return undefined
  const edits = distance(a, b)
  return edits <= maxEdits ? edits : undefined
}

/** `the nearest name is "acme-corp"`; `names` must not be empty. */
export function nearestHint(names: readonly string[]): string {
  const quoted = names.map((name) => `"${name}"`).join(', ')
  return names.length === 1 ? `the nearest name is ${quoted}` : `the nearest names are ${quoted}`
}
