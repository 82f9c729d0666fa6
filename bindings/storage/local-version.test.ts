import { expect, onTestFinished, test, vi } from 'vitest'
import { scratchDirectory } from '../scratch.testsuite.js'
import { LocalStorage } from './local-storage.js'
import { nextModifiedAt } from './local-version.js'

test('modification times are now, and never the same twice', () => {
  const times = Array.from({ length: 1000 }, nextModifiedAt)
  expect(new Set(times).size).toBe(1000)
  expect([...times].sort((a, b) => a - b)).toEqual(times)
  expect(Math.abs(Date.now() / 1000 - (times[0] ?? 0))).toBeLessThan(30)
})

test('versions get such times, whatever the precision of the file system', async () => {
  const storage = new LocalStorage({ name: 'w', path: await scratchDirectory() })
  vi.spyOn(Date, 'now').mockReturnValue(Date.parse('2050-01-01T00:00:00.000Z'))
  onTestFinished(() => {
    vi.restoreAllMocks()
  })
  const written = await storage.write('a', Buffer.from('x'), {})
  expect(written).toMatchObject({ lastModified: '2050-01-01T00:00:00.000Z' })
})
