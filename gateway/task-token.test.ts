import { randomBytes } from 'node:crypto'
import { describe, expect, test, vi } from 'vitest'
import { TaskTokenSeal } from './task-token.js'

const [key, other] = [randomBytes(32), randomBytes(32)]
const seal = new TaskTokenSeal([key])
const token = randomBytes(180)
const inAnHour = Date.now() + 3_600_000

const open = (sealed: Uint8Array, deployment = 'dep_a', by = seal) => by.open(sealed, deployment)

describe('a task token', () => {
  test('opens to what was sealed, for its deployment', () => {
    expect(open(seal.seal(token, 'dep_a', inAnHour))).toStrictEqual(token)
  })

  test('hides what it carries, and is never the same twice', () => {
    const [first, second] = [seal.seal(token, 'dep_a', inAnHour), seal.seal(token, 'dep_a', inAnHour)]
    expect(first.includes(token.subarray(0, 16))).toBe(false)
    expect(first.equals(second)).toBe(false)
  })

  test('is nothing to another deployment', () => {
    expect(open(seal.seal(token, 'dep_a', inAnHour), 'dep_b')).toBeUndefined()
  })

  test('is nothing once it has expired', () => {
    const sealed = seal.seal(token, 'dep_a', inAnHour)
    vi.useFakeTimers({ now: inAnHour - 1 })
    expect(open(sealed)).toStrictEqual(token)
    vi.setSystemTime(inAnHour)
    expect(open(sealed)).toBeUndefined()
    vi.useRealTimers()
  })

  test('is nothing with any bit changed, or cut at any place', () => {
    const sealed = seal.seal(token, 'dep_a', inAnHour)
    for (let at = 0; at < sealed.length; at += 1) {
      const changed = Buffer.from(sealed)
      changed[at] = (changed[at] ?? 0) ^ 1
      expect(open(changed)).toBeUndefined()
      expect(open(sealed.subarray(0, at))).toBeUndefined()
    }
  })

  test('that Temporal made itself is nothing', () => {
    expect(open(token)).toBeUndefined()
    expect(open(Buffer.alloc(0))).toBeUndefined()
  })

  test('of another replica with the same key opens, also after a rotation; of another key it does not', () => {
    const sealed = seal.seal(token, 'dep_a', inAnHour)
    expect(open(sealed, 'dep_a', new TaskTokenSeal([key]))).toStrictEqual(token)
    expect(open(sealed, 'dep_a', new TaskTokenSeal([other, key]))).toStrictEqual(token)
    expect(open(new TaskTokenSeal([other, key]).seal(token, 'dep_a', inAnHour))).toBeUndefined()
    expect(open(sealed, 'dep_a', new TaskTokenSeal([other]))).toBeUndefined()
  })

  test('is sealed and opened with the keys in use now', () => {
    const rotated = new TaskTokenSeal([key])
    const before = rotated.seal(token, 'dep_a', inAnHour)
    rotated.use([other, key])
    expect(open(before, 'dep_a', rotated)).toStrictEqual(token)
    expect(open(rotated.seal(token, 'dep_a', inAnHour), 'dep_a', new TaskTokenSeal([other]))).toStrictEqual(token)
    rotated.use([other])
    expect(open(before, 'dep_a', rotated)).toBeUndefined()
  })

  test('wants keys of 32 bytes', () => {
    expect(() => new TaskTokenSeal([randomBytes(16)])).toThrow('a sealing key has 32 bytes, not 16')
  })
})
