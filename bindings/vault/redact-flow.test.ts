import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { RedactedFlow } from './redact-flow.js'
import { REDACTED, Redactor } from './redact.js'

/** What each of `texts` goes out as. */
function said(secrets: readonly string[], ...texts: string[]): string[] {
  const redactor = new Redactor(secrets)
  const flow = new RedactedFlow()
  return texts.map((text) => flow.text(redactor, text))
}

const PEM_LINES = [
  '-----BEGIN PRIVATE KEY-----',
  'MIIEvQIBADANBgkqhkiG9w0BAQ',
  'EFAASCBK',
  'ggSj',
  '-----END PRIVATE KEY-----',
]

describe('a secret is taken out of texts that follow each other', () => {
  test.each<[string, string, string[], string[]]>([
    ['in one of them', 'hunter2', ['as hunter2', 'or not'], ['as [redacted]', 'or not']],
    ['over two', 'hunter2', ['as hunt', 'er2 or not'], ['as [redacted]', '[redacted] or not']],
    ['over many', 'hunter2', ['as hunte', 'r', '', '2', '2'], ['as [redacted]', '[redacted]', '', '[redacted]', '2']],
    ['and nothing twice', 'abcabc', ['abcabc', 'abc d'], ['[redacted]', 'abc d']],
    ['the last letter alone', 'hunter2', ['as hunter', '2'], ['as [redacted]', '[redacted]']],
    ['the first letter alone', 'hunter2', ['as h', 'unter2'], ['as h', '[redacted]']],
    ['JSON-escaped', 'say "hello" to it', ['{"a":"say \\"he', 'llo\\" to it"}'], ['{"a":"[redacted]', '[redacted]"}']],
    ['its short lines one by one', PEM_LINES.join('\r\n'), PEM_LINES, Array<string>(5).fill(REDACTED)],
    [
      'the password of one that is a URL',
      'postgres://app:p%40ssword@db/x',
      ['as p%40ss', 'word'],
      ['as [redacted]', '[redacted]'],
    ],
  ])('%s', (_, secret, texts, expected) => {
    expect(said([secret], ...texts)).toEqual(expected)
  })

  test.each<[string, string, string[]]>([
    ['what only begins like one', 'postgres://app:hunter2@db/warehouse', ['connecting to postgres', 'done']],
    ['what follows when it did not go on', 'hunter2', ['gone hun', 'ting2', 'hun']],
    ['what is whole already', 'hunter2', ['ter2', 'er2']],
  ])('%s stays', (_, secret, texts) => {
    expect(said([secret], ...texts)).toEqual(texts)
  })

  test('the beginning that stands at the end goes at once, for what follows may never come', () => {
    expect(said(['hunter2'], 'as hunt')).toEqual(['as [redacted]'])
    expect(said(['a-key-of-forty-characters-or-some-more-'], 'as a-key-of-f', 'x')).toEqual(['as [redacted]', 'x'])
  })

  test('of secrets that are read later, what goes on from then', () => {
    const flow = new RedactedFlow()
    expect(flow.text(new Redactor([]), 'before hunter2')).toBe('before hunter2')
    const redactor = new Redactor(['hunter2'])
    expect(flow.text(redactor, 'hunt')).toBe('[redacted]')
    expect(flow.text(new Redactor(['hunter2', 'other-secret']), 'er2')).toBe('[redacted]')
  })
})

test('of what was said, no more is kept than a secret may go on from', () => {
  const redactor = new Redactor(['hunter2'])
  const flow = new RedactedFlow()
  const line = 'l'.repeat(1_000)
  const startMs = performance.now()
  for (let n = 0; n < 5_000; n += 1) flow.text(redactor, line)
  expect(performance.now() - startMs).toBeLessThan(2_000)
})

// Few letters, so that secrets overlap, repeat, and begin where another ends.
const text = (minLength: number, maxLength: number) =>
  fc.string({ unit: fc.constantFrom('a', 'b', 'c', '"', '\\'), minLength, maxLength })

test('however a text is cut, no secret is in what goes out', () => {
  const cases = fc
    .record({
      secrets: fc.array(text(4, 12), { minLength: 1, maxLength: 3 }),
      noise: fc.array(text(0, 6), { maxLength: 4 }),
    })
    .chain(({ secrets, noise }) =>
      fc.record({
        secrets: fc.constant(secrets),
        whole: fc
          .shuffledSubarray([...noise, ...secrets, ...secrets.map((secret) => JSON.stringify(secret))])
          .map((parts) => parts.join('')),
        pieces: fc.array(fc.integer({ min: 0, max: 9 }), { minLength: 1, maxLength: 80 }),
      }),
    )
  fc.assert(
    fc.property(cases, ({ secrets, whole, pieces }) => {
      const texts: string[] = []
      for (let [at, n] = [0, 0]; at < whole.length; n += 1) {
        const length = pieces[n] ?? whole.length
        texts.push(whole.slice(at, at + length))
        at += length
      }
      const left = said(secrets, ...texts)
        .join('')
        .split(REDACTED)
      return !left.some((piece) => secrets.some((secret) => piece.includes(secret)))
    }),
    { numRuns: 20_000 },
  )
})

test('a secret of random letters that is cut in two shows less than a quarter of itself', () => {
  const secrets = fc.string({
    unit: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', '7', '8'),
    minLength: 16,
    maxLength: 60,
  })
  fc.assert(
    fc.property(secrets, fc.nat(), (secret, n) => {
      const cut = n % secret.length
      const [first = '', second = ''] = said([secret], `as ${secret.slice(0, cut)}`, `${secret.slice(cut)} it is`)
      expect(second).toBe('[redacted] it is')
      expect(first.replace(REDACTED, '').length - 'as '.length).toBeLessThan(Math.min(16, secret.length / 4 + 1))
    }),
  )
})
