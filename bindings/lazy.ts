export interface Lazy<T> {
  (): Promise<T>
  /** `undefined` until the first use, and after a failure. */
  readonly made: Promise<T> | undefined
}

/** A value made at its first use; a failure is not kept, so that the next use tries again. */
export function lazy<T>(make: () => Promise<T>): Lazy<T> {
  let made: Promise<T> | undefined
  const get = () => {
    made ??= make().catch((error: unknown) => {
      made = undefined
      throw error
    })
    return made
  }
  return Object.defineProperty(get, 'made', { get: () => made }) as Lazy<T>
}
