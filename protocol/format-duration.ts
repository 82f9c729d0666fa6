/** The short form for messages: `"2h"`, `"1.5s"`. */
export function formatDuration(durationMs: number): string {
  const units = [
    ['d', 86_400_000],
    ['h', 3_600_000],
    ['m', 60_000],
    ['s', 1_000],
  ] as const
  for (const [unit, unitMs] of units) {
    if (durationMs >= unitMs) return `${Number((durationMs / unitMs).toFixed(2))}${unit}`
  }
  return `${durationMs}ms`
}
