/** The rule every secret's key obeys: what AWS, Google and Azure all take, but for `_`, which Azure's adapter spells. */
export const SECRET_KEY = /^[A-Za-z0-9][A-Za-z0-9_-]{0,126}$/

/** AWS Secrets Manager and Google Secret Manager stop here. */
export const MAX_SECRET_BYTES = 64 * 1024

/** The keys among names that all begin with `prefix`, as a cloud lists them; others' secrets may be between them. */
export function* keysAmong(names: Iterable<string | null | undefined>, prefix: string): Generator<string> {
  for (const name of names) {
    const key = name?.startsWith(prefix) === true ? name.slice(prefix.length) : ''
    if (SECRET_KEY.test(key)) yield key
  }
}
