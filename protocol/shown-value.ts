/**
 * A value as a message names it, at most 60 characters of it. `NaN` and the like are no JSON, and would be shown as
 * `null`; an object may say anything of itself, or throw.
 */
export function shownValue(value: unknown): string {
  if (typeof value === 'object' && value !== null) return Array.isArray(value) ? 'a list' : 'an object'
  return (typeof value === 'string' ? JSON.stringify(value) : String(value)).slice(0, 60)
}
