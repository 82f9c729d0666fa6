import { describe, expect, test } from 'vitest'
import { assertKey, assertPrefix, keyProblem, prefixProblem } from './object-key.js'

const RULES: readonly [key: unknown, problem: string][] = [
  [undefined, 'a key must be a string'],
  [7, 'a key must be a string'],
  [['a'], 'a key must be a string'],
  ['', 'a key must not be empty'],
  ['/', 'it must not start with "/"'],
  ['/etc/passwd', 'it must not start with "/"'],
  ['//host/share', 'it must not start with "/"'],
  ['a//b', 'no segment between "/" may be empty'],
  ['a/', 'no segment between "/" may be empty'],
  ['..', 'no segment may be ".."'],
  ['../a', 'no segment may be ".."'],
  ['a/../b', 'no segment may be ".."'],
  ['a/..', 'no segment may be ".."'],
  ['.', 'no segment may be "."'],
  ['./a', 'no segment may be "."'],
  ['a/./b', 'no segment may be "."'],
  ['.alien', 'no segment may be ".alien": the name is reserved'],
  ['.alien/vault/credentials.json', 'no segment may be ".alien": the name is reserved'],
  ['a/.ALIEN/b', 'no segment may be ".ALIEN": the name is reserved'],
  ['..\\a', 'it must not contain a backslash; separate segments with "/"'],
  ['a\0b', 'it must not contain control characters'],
  ['a\nb', 'it must not contain control characters'],
  ['a\u007f', 'it must not contain control characters'],
  ['a\u0085', 'it must not contain control characters'],
  ['a\ufffe', 'it must not contain U+FFFE or U+FFFF'],
  ['a\ud800', 'it must be well-formed Unicode'],
  ['x'.repeat(1025), 'it must have at most 1024 bytes, and has 1025'],
  ['ä'.repeat(513), 'it must have at most 1024 bytes, and has 1026'],
]

const ALLOWED = [
  'a',
  'a/b.txt',
  '...',
  '..a/b..',
  '.hidden',
  '.alienated',
  'a b/ä/🚀',
  '%2e%2e/a',
  '~/x',
  'C:',
  'x'.repeat(1024),
  'ä'.repeat(512),
]

describe('keys', () => {
  test.each(RULES)('%j: %s', (key, problem) => {
    expect(keyProblem(key)).toBe(problem)
  })

  test.each(ALLOWED)('%j is allowed', (key) => {
    expect(keyProblem(key)).toBeUndefined()
    expect(prefixProblem(key)).toBeUndefined()
    expect(prefixProblem(`${key.slice(0, 200)}/`)).toBeUndefined()
  })

  test('the error names key, storage and rule', () => {
    expect(() => assertKey('workspace', '../etc/passwd')).toThrow(
      expect.objectContaining({
        name: 'BindingError',
        code: 'invalid_key',
        message: 'key "../etc/passwd" in storage "workspace" is not allowed: no segment may be ".."',
      }),
    )
    expect(() => assertKey('workspace', undefined)).toThrow(
      'key undefined in storage "workspace" is not allowed: a key must be a string',
    )
  })

  test('the error quotes the beginning of a long key', () => {
    expect(() => assertKey('w', 'x'.repeat(2000))).toThrow(
      `key "${'x'.repeat(120)}…" in storage "w" is not allowed: it must have at most 1024 bytes, and has 2000`,
    )
  })
})

describe('prefixes', () => {
  const PREFIX_RULES: readonly [prefix: unknown, problem: string][] = [
    [7, 'a prefix must be a string'],
    ['/', 'it must not start with "/"'],
    ['../', 'no segment may be ".."'],
    ['a/../b', 'no segment may be ".."'],
    ['./', 'no segment may be "."'],
    ['a//', 'no segment between "/" may be empty'],
    ['.alien/', 'no segment may be ".alien": the name is reserved'],
    ['a\\', 'it must not contain a backslash; separate segments with "/"'],
    ['a\0', 'it must not contain control characters'],
  ]

  test.each(PREFIX_RULES)('%j: %s', (prefix, problem) => {
    expect(prefixProblem(prefix)).toBe(problem)
  })

  test.each(['', '.', '..', 'a/.', '.alien'])('%j is allowed: the last segment is only a beginning', (prefix) => {
    expect(prefixProblem(prefix)).toBeUndefined()
  })

  test('the error names prefix, storage and rule', () => {
    expect(() => assertPrefix('w', '../')).toThrow('prefix "../" in storage "w" is not allowed: no segment may be ".."')
  })
})
