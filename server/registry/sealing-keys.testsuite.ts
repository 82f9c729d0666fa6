/** Sealing keys of any engine's registry. */
import { beforeEach, describe, expect, test } from 'vitest'
import type { Registry } from './open-registry.js'

interface SealingKeysTarget {
  readonly registry: () => Registry
  /** As another process has it open. */
  readonly other: () => Registry
  /** Deletes all keys. */
  readonly clear: () => Promise<void>
}

export function testSealingKeys({ registry, other, clear }: SealingKeysTarget): void {
  describe('sealing keys', () => {
    const NOW = Date.parse('2030-01-01T00:00:00.000Z')
    const after = (ms: number): Date => new Date(NOW + ms)
    const HOUR_MS = 3_600_000

    beforeEach(clear)

    test('are one at first, for every process', async () => {
      const keys = await registry().sealingKeys.all(after(0))
      expect(keys).toHaveLength(1)
      expect(keys[0]).toHaveLength(32)
      expect(await other().sealingKeys.all(after(1))).toEqual(keys)
    })

    test('a new one opens at once, and seals when all know it', async () => {
      const [old] = await registry().sealingKeys.all(after(0))
      expect(await registry().sealingKeys.rotate(HOUR_MS, after(20_000))).toEqual({
        id: expect.stringMatching(/^seal_[a-z2-7]{20}$/) as string,
        sealsFrom: after(30_000).toISOString(),
        olderOpenUntil: after(30_000 + HOUR_MS).toISOString(),
      })
      const [sealing, opening] = await other().sealingKeys.all(after(29_999))
      expect(sealing).toEqual(old)
      expect(opening).not.toEqual(old)
      expect(await other().sealingKeys.all(after(30_000))).toEqual([opening, old])
    })

    test('the old ones open for the overlap, and no longer for a second rotation', async () => {
      const [first] = await registry().sealingKeys.all(after(0))
      await registry().sealingKeys.rotate(HOUR_MS, after(1_000))
      const [second] = await registry().sealingKeys.all(after(11_000))
      await registry().sealingKeys.rotate(30 * HOUR_MS, after(20_000))
      expect(await registry().sealingKeys.all(after(11_000 + HOUR_MS - 1))).toHaveLength(3)
      const left = await registry().sealingKeys.all(after(11_000 + HOUR_MS))
      expect(left).toHaveLength(2)
      expect(left).toContainEqual(second)
      expect(left).not.toContainEqual(first)
    })

    test('without an overlap, the old one goes when the new one seals', async () => {
      const [old] = await registry().sealingKeys.all(after(0))
      await registry().sealingKeys.rotate(0, after(1_000))
      expect((await registry().sealingKeys.all(after(10_999)))[0]).toEqual(old)
      const [key, ...rest] = await registry().sealingKeys.all(after(11_000))
      expect(rest).toEqual([])
      expect(key).not.toEqual(old)
    })
  })
}
