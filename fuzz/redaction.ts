/** Redaction: no secret comes through, in a text or in JSON. */
import fc from 'fast-check'
import { REDACTED, Redactor } from '../bindings/vault/redact.js'
import type { JsonValue } from '../protocol/json.js'
import type { Fuzzer } from './fuzzer.js'

interface Case {
  readonly secrets: readonly string[]
  readonly text: string
}

// Few letters, so that secrets overlap and repeat.
const letter = fc.constantFrom('a', 'b', '"', '\\', '\n', 'ü', '1', '{', '}', '[', ',')
const textOf = (minLength: number, maxLength: number) =>
  fc.array(letter, { minLength, maxLength }).map((letters) => letters.join(''))

const cases = fc
  .record({
    secrets: fc.array(textOf(4, 8), { minLength: 1, maxLength: 3 }),
    noise: fc.array(textOf(0, 6), { maxLength: 4 }),
  })
  .chain(({ secrets, noise }) =>
    fc
      .shuffledSubarray([...noise, ...secrets, ...secrets.map((secret) => JSON.stringify(secret))])
      .map((parts): Case => ({ secrets, text: parts.join('') })),
  )

/** What is left of a text between the marks; a secret must be in none of the pieces. */
const leaks = (text: string, secrets: readonly string[]): boolean =>
  text.split(REDACTED).some((piece) => secrets.some((secret) => piece.includes(secret)))

export const REDACTION_FUZZER: Fuzzer = {
  name: 'redaction',
  inputs: cases.map((made) => Buffer.from(JSON.stringify(made))),
  check: (input) => {
    const { secrets, text } = JSON.parse(Buffer.from(input).toString()) as Case
    const redactor = new Redactor(secrets)
    if (leaks(redactor.text(text), secrets)) throw new Error('a secret is left in a text')
    const json: JsonValue = { [text]: [text, { nested: JSON.stringify({ text }) }] }
    const redacted: unknown = JSON.parse(redactor.jsonText(JSON.stringify(json)))
    if (stringsOf(redacted).some((string) => leaks(string, secrets))) throw new Error('a secret is left in JSON')
  },
}

function stringsOf(value: unknown): string[] {
  if (typeof value === 'string') return [value]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, member]) => [name, ...stringsOf(member)])
}
