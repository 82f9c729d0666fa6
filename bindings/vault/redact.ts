/**
 * Takes secrets out of what leaves the customer's environment.
 *
 * Looked for is each secret as it is, and as it stands inside a JSON string, once and twice encoded; and, of a secret
 * that is a URL or JSON, the passwords in it by themselves. Each without the white space around it, too, and one of several
 * lines, as a private key, line by line. What has less than `MIN_CHARS` stays: it would be found
 * everywhere, and tells nothing. Numbers stay, too: most that are like a secret are something else, and whoever gets a
 * text in the place of a count cannot go on.
 */
import { parseJson, type JsonValue } from '../../protocol/json.js'

export const REDACTED = '[redacted]'

const MIN_CHARS = 4
/** What a line of a secret must have to be looked for by itself: shorter ones are in other texts as well. */
const MIN_LINE_CHARS = 16

/**
 * The words by which a text in a JSON secret is secret by itself; the name of a user or of a host is not. A URL's is
 * none: of one with a password, that is taken by itself.
 */
const SECRET_WORD = /^(pass|passwd|passphrase|pwd|(api|private|access)?keys?|(password|secret|token|credential)s?)$/
/** Words that are secret only together, and the short form of it. */
const CONNECTION_STRING = /^(connection_?string|dsn)$/

const PEM_BORDER = /^-----.*-----$/

const MAX_DEPTH = 20

/** Where a secret is in a text. */
export interface SecretSpan {
  readonly start: number
  readonly end: number
  /** Else it has only begun, at the end of the text. */
  readonly isWhole: boolean
}

export class Redactor {
  /** The longest first. */
  readonly #needles: readonly string[]
  readonly #firstLetters: ReadonlySet<string | undefined>
  /** `undefined` when there is nothing to look for. */
  readonly #pattern: RegExp | undefined

  constructor(secrets: Iterable<string>) {
    const needles = new Set([...secrets].flatMap(partsOf).flatMap(piecesOf).flatMap(formsOf))
    // So that of two that begin alike nothing is left over.
    this.#needles = [...needles].sort((a, b) => b.length - a.length)
    this.#firstLetters = new Set(this.#needles.map(([letter]) => letter))
    const patterns = this.#needles.map(escapeRegExp)
    this.#pattern = patterns.length === 0 ? undefined : new RegExp(patterns.join('|'), 'g')
  }

  get isEmpty(): boolean {
    return this.#pattern === undefined
  }

  /** Characters of the longest that is looked for. */
  get longest(): number {
    return this.#needles[0]?.length ?? 0
  }

  /** The secrets in a text, in their order; the last may be one that goes on elsewhere. */
  find(text: string): SecretSpan[] {
    if (this.#pattern === undefined) return []
    const whole = [...text.matchAll(this.#pattern)].map(({ index, 0: { length } }): SecretSpan => ({
      start: index,
      end: index + length,
      isWhole: true,
    }))
    const begunAt = this.#begunAt(text)
    if (begunAt === undefined) return whole
    // What is whole already may be the beginning of a longer one, as a line of a key is.
    const before = whole.filter(({ end }) => end <= begunAt)
    const start = Math.min(begunAt, whole[before.length]?.start ?? begunAt)
    return [...before, { start, end: text.length, isWhole: false }]
  }

  #begunAt(text: string): number | undefined {
    for (let at = Math.max(0, text.length - this.longest + 1); at <= text.length - MIN_CHARS; at += 1) {
      if (!this.#firstLetters.has(text[at])) continue
      const end = text.slice(at)
      if (this.#needles.some((needle) => needle.startsWith(end) && end.length >= tellingChars(needle))) return at
    }
    return undefined
  }

  text(text: string): string {
    return this.#pattern === undefined ? text : text.replace(this.#pattern, REDACTED)
  }

  /** A copy of a JSON value, with names of members redacted, too. */
  json(value: JsonValue): JsonValue {
    if (typeof value === 'string') return this.text(value)
    if (Array.isArray(value)) return value.map((item) => this.json(item))
    if (value === null || typeof value !== 'object') return value
    return Object.fromEntries(Object.entries(value).map(([name, member]) => [this.text(name), this.json(member)]))
  }

  /** The same for a value as JSON text; parsed only when a secret may be in it. */
  jsonText(text: string): string {
    // As text, a secret of digits or brackets could be a piece of the JSON itself.
    return this.text(text) === text ? text : JSON.stringify(this.json(JSON.parse(text) as JsonValue))
  }
}

/**
 * How much of its beginning is a secret's and nothing else's. A quarter, so that no line that ends with "postgres" is
 * taken for the beginning of a URL.
 */
const tellingChars = ({ length }: string): number =>
  Math.min(MIN_LINE_CHARS, Math.max(MIN_CHARS, Math.ceil(length / 4)))

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

/** A secret as it may be printed: a file's last line break is lost soon, and a log takes a text line by line. */
function piecesOf(secret: string): string[] {
  const trimmed = secret.trim()
  // The lines of JSON are mostly no secrets; those that are have been found by their names.
  if (!trimmed.includes('\n') || parse(trimmed) !== undefined) return [secret, trimmed]
  const lines = trimmed.split('\n').map((line) => line.trim())
  // Joined: as it is when its lines, short ones among them, are said one by one.
  return [
    secret,
    trimmed,
    lines.join(''),
    ...lines.filter((line) => line.length >= MIN_LINE_CHARS && !PEM_BORDER.test(line)),
  ]
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

/** @param isSecret Whether the member's name says so; the members of an object go by their own names. */
function secretMembers(value: unknown, isSecret: boolean, depth: number): string[] {
  if (typeof value === 'string') return isSecret ? [value, ...passwordsOfUrl(value)] : passwordsOfUrl(value)
  if (typeof value !== 'object' || value === null || depth === 0) return []
  if (Array.isArray(value)) return value.flatMap((item) => secretMembers(item, isSecret, depth - 1))
  return Object.entries(value).flatMap(([name, member]) => secretMembers(member, isSecretName(name), depth - 1))
}

/** By whole words, or a "monkey" were a key. `clientSecret`, `client_secret` and `CLIENT-SECRET` are the same. */
function isSecretName(name: string): boolean {
  const words = name
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[^a-z0-9]+/)
  return words.some((word) => SECRET_WORD.test(word)) || CONNECTION_STRING.test(words.join('_'))
}

const parse = (text: string): unknown => (/^\s*[[{]/.test(text) ? parseJson(text) : undefined)
