/** Keys of objects: one that is let through names, below any root, a file of its own inside of it. */
import fc from 'fast-check'
import { join, normalize, sep } from 'node:path'
import { keyProblem, prefixProblem } from '../bindings/storage/object-key.js'
import type { Fuzzer } from './fuzzer.js'

const ROOT = '/srv/workspace'

/** What has led out of folders before, somewhere. */
const pieces = fc.constantFrom(
  '..',
  '.',
  '/',
  '//',
  '\\',
  '%2e%2e',
  '%2f',
  '..%c0%af',
  '\u2024\u2024',
  '\uff0e\uff0e',
  '~',
  '.alien',
  '.ALIEN',
  '.al\u0131en',
  'C:',
  '\0',
  '\n',
  '\r',
  '\u007f',
  '\u0085',
  '\u202e',
  '\ufeff',
  '\ufffe',
  '\ud800',
  '\udfff',
  'a',
  'b.txt',
  ' ',
  'workspace-evil',
  'etc/passwd',
  '-rf',
  '*',
  '$HOME',
  '`id`',
  'x'.repeat(300),
)

const keys = fc.oneof(
  fc.array(pieces, { maxLength: 8 }).map((all) => all.join('')),
  fc.array(pieces, { maxLength: 8 }).map((all) => all.join('/')),
  fc.string({ unit: 'binary', maxLength: 40 }),
)

/** UTF-16, so that lone surrogates, which UTF-8 has no form for, are tried, too. */
const asText = (input: Uint8Array): string => Buffer.from(input).toString('utf16le')

export const STORAGE_KEY_FUZZER: Fuzzer = {
  name: 'storage-key',
  inputs: keys.map((key) => Buffer.from(key, 'utf16le')),
  check: (input) => {
    const key = asText(input)
    const problem = keyProblem(key)
    if (problem === undefined) {
      const path = join(ROOT, key)
      if (path !== `${ROOT}/${key}` || normalize(path) !== path) throw new Error('accepted: the key is another path')
      if (!path.startsWith(ROOT + sep) || path.endsWith('/')) throw new Error('accepted: the key leads out')
      if (key.split('/').some((segment) => segment.toLowerCase() === '.alien')) throw new Error('accepted: reserved')
      if (Buffer.from(key).toString() !== key) throw new Error('accepted: the key has no form in UTF-8')
      if (Buffer.byteLength(key) > 1_024) throw new Error('accepted: the key is too long')
    }
    // Whatever is a key can be listed by itself.
    if (problem === undefined && prefixProblem(key) !== undefined) throw new Error('a key is no prefix')
  },
}
