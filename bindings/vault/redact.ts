/**
 * Takes secrets out of what leaves the customer's environment.
 *
 * Looked for is each secret as it is, and as it stands inside a JSON string, once and twice encoded; and, of a secret
 * that is a URL or JSON, the passwords in it by themselves. What has less than `MIN_CHARS` stays: it would be found
 * everywhere, and tells nothing.
 */
import type { JsonValue } from '../../protocol/json.js'

export const REDACTED = '[redacted]'

const MIN_CHARS = 4

/** Members of a JSON secret that are secret by themselves; a user's or a host's name is not. */
const SECRET_MEMBER = /pass|pwd|secret|token|key|credential|connection|dsn|url/i

const MAX_DEPTH = 20

export class Redactor {
  /** The longest first, so that of two that begin alike nothing is left over. */
  readonly #needles: readonly string[]
  readonly #pattern: RegExp

  constructor(secrets: Iterable<string>) {
    const needles = new Set([...secrets].flatMap(partsOf).flatMap(formsOf))
    this.#needles = [...needles].sort((a, b) => b.length - a.length)
    this.#pattern = new RegExp(this.#needles.map(escapeRegExp).join('|'), 'g')
  }

  /** Whether there is nothing to look for. */
  get isEmpty(): boolean {
    return this.#needles.length === 0
  }

  text(text: string): string {
    return this.isEmpty ? text : text.replace(this.#pattern, REDACTED)
  }

  /** A copy of a JSON value, with names of members redacted, too, and numbers that are a secret. */
  json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value)
    if (typeof value === 'number') return this.#needles.includes(String(value)) ? REDACTED : value
    if (Array.isArray(value)) return value.map((item) => this.json(item))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [this.text(name), this.json(member)]))
  }

  /** The same for a value as JSON text; parsed only when a secret may be in it. */
  jsonText(text: string): string {
    // As text, a secret of digits or brackets could be a piece of the JSON itself.
    return this.text(text) === text ? text : JSON.stringify(this.json(JSON.parse(text) as JsonValue))
  }

  stream(): RedactingStream {
    return new RedactingStream(this.#needles, this.#pattern)
  }
}

/** Redacts text that comes in pieces: holds back what may be the beginning of a secret until more, or the end, comes. */
class RedactingStream {
  readonly #needles: readonly string[]
  readonly #pattern: RegExp
  #held = ''

  constructor(needles: readonly string[], pattern: RegExp) {
    this.#needles = needles
    this.#pattern = pattern
  }

  /** What of the text so far can go out. */
  write(chunk: string): string {
    const text = this.#held + chunk
    return this.#release(text, text.length - this.#beginningAtTheEnd(text))
  }

  /** What was held back. */
  end(): string {
    return this.#release(this.#held, this.#held.length)
  }

  /** @param safe Where the first secret may begin that is not whole yet; one that begins before is. */
  #release(text: string, safe: number): string {
    let released = ''
    let done = 0
    for (const { 0: found, index } of this.#needles.length === 0 ? [] : text.matchAll(this.#pattern)) {
      if (index >= safe) break
      released += text.slice(done, index) + REDACTED
      done = index + found.length
    }
    const end = Math.max(done, safe)
    this.#held = text.slice(end)
    return released + text.slice(done, end)
  }

  /** How much of the text's end is the beginning of a secret. */
  #beginningAtTheEnd(text: string): number {
    const longest = Math.min(text.length, (this.#needles[0]?.length ?? 0) - 1)
    for (let length = longest; length > 0; length--) {
      const end = text.slice(-length)
      if (this.#needles.some((needle) => needle.length > length && needle.startsWith(end))) return length
    }
    return 0
  }
}

const formsOf = (secret: string): string[] => {
  const inJson = insideJson(secret)
  return secret.length < MIN_CHARS ? [] : [secret, inJson, insideJson(inJson)]
}

const insideJson = (text: string): string => JSON.stringify(text).slice(1, -1)

const escapeRegExp = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&')

/** The secret, and what in it is one by itself. */
function partsOf(secret: string): string[] {
  return [secret, ...passwordsOfUrl(secret), ...secretMembers(parse(secret), false, MAX_DEPTH)]
}

function passwordsOfUrl(text: string): string[] {
  if (!URL.canParse(text)) return []
  const { password } = new URL(text)
  // As it stands in the text; as the library decodes it; and as the parser encodes it.
  const written = /^[^/]*\/\/[^@/]*?:([^@/]*)@/.exec(text)?.[1] ?? ''
  return [written, decoded(password), password]
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text)
  } catch {
    return text
  }
}

function secretMembers(value: unknown, isSecret: boolean, depth: number): string[] {
  if (typeof value === 'string') return isSecret ? [value, ...passwordsOfUrl(value)] : passwordsOfUrl(value)
  if (typeof value === 'number') return isSecret ? [String(value)] : []
  if (typeof value !== 'object' || value === null || depth === 0) return []
  return Object.entries(value).flatMap(([name, member]) =>
    secretMembers(member, isSecret || (!Array.isArray(value) && SECRET_MEMBER.test(name)), depth - 1),
  )
}

function parse(text: string): unknown {
  if (!/^\s*[[{]/.test(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
