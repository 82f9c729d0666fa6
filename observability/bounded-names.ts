/** Names that users choose, as labels: each combination of labels costs memory here and in whatever collects metrics. */
export const MAX_NAMES = 200
/** All names beyond that. */
export const OTHER = 'other'

/** The first {@link MAX_NAMES} names that come keep theirs for as long as the process runs. */
export class BoundedNames {
  readonly #names = new Set<string>()

  of(name: string): string {
    if (this.#names.has(name)) return name
    if (this.#names.size >= MAX_NAMES) return OTHER
    this.#names.add(name)
    return name
  }
}
