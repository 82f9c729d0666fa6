import { expect, test } from 'vitest'
import { bindingsMeetBars, type BindingFigures } from './bindings.js'

const FIGURES: BindingFigures = {
  localPutsMs: 150,
  plainWritesMs: 100,
  cachedVaultReadMicroseconds: 49,
  largeObject: { bytes: 1, isEqual: true, greatestGrowthMb: 99 },
}

test('figures at their bars meet them', () => {
  expect(bindingsMeetBars(FIGURES)).toBe(true)
})

test.each<[string, Partial<BindingFigures>]>([
  ['puts', { localPutsMs: 151 }],
  ['vault', { cachedVaultReadMicroseconds: 50 }],
  ['memory', { largeObject: { bytes: 1, isEqual: true, greatestGrowthMb: 100 } }],
  ['checksum', { largeObject: { bytes: 1, isEqual: false, greatestGrowthMb: 1 } }],
])('%s beyond its bar do not', (_, worse) => {
  expect(bindingsMeetBars({ ...FIGURES, ...worse })).toBe(false)
})
