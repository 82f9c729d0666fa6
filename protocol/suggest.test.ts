import { expect, test } from 'vitest'
import { nearest, nearestHint } from './suggest.js'

const table: [name: string, candidates: string[], expected: string[]][] = [
  ['generate-reprot', ['generate-report', 'rotate-keys'], ['generate-report']],
  ['acme', ['globex', 'acme-corp', 'acme-eu'], ['acme-corp', 'acme-eu']],
  ['acme-corp-2', ['acme-corp'], ['acme-corp']],
  ['ac', ['acme-corp', 'account'], []],
  ['ab', ['ac', 'xy'], ['ac']],
  ['Generate-Report', ['generate-report'], ['generate-report']],
  ['report', ['sync'], []],
  ['aaaa', ['aaab', 'aaaa-b', 'aabb', 'aaaa'], ['aaaa', 'aaaa-b', 'aaab']],
  ['backup-now', ['backup-cow', 'backup-now!', 'backup-bot'], ['backup-cow', 'backup-now!', 'backup-bot']],
  ['twice', ['twice-a', 'twice-a'], ['twice-a']],
  ['abc', [], []],
]

test.each(table)('nearest(%j, %j) is %j', (name, candidates, expected) => {
  expect(nearest(name, candidates)).toEqual(expected)
})

test('gives as many as asked for', () => {
  expect(nearest('node-1', ['node-2', 'node-3', 'node-4', 'node-5'], 2)).toEqual(['node-2', 'node-3'])
})

test('a hint names one or several', () => {
  expect(nearestHint(['acme-corp'])).toBe('the nearest name is "acme-corp"')
  expect(nearestHint(['acme-corp', 'acme-eu'])).toBe('the nearest names are "acme-corp", "acme-eu"')
})
