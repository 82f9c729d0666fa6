import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { TrustedTokens, type Verified } from './trusted-tokens.js'

let answer: Verified<string> | undefined
let lookUps: number
let tokens: TrustedTokens<string>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  answer = { owner: 'ci', expiresAt: null }
  lookUps = 0
  tokens = new TrustedTokens(() => {
    lookUps += 1
    return Promise.resolve(answer)
  })
})

afterEach(() => vi.useRealTimers())

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms)

test('a good token is trusted for two seconds, from when it was looked up', async () => {
  for (const afterMs of [0, 1_000, 999]) {
    pass(afterMs)
    expect(await tokens.ownerOf('token')).toBe('ci')
  }
  expect(lookUps).toBe(1)
  answer = undefined
  pass(1)
  expect(await tokens.ownerOf('token')).toBeUndefined()
  expect(lookUps).toBe(2)
})

test('one token says nothing about another', async () => {
  await tokens.ownerOf('token')
  answer = undefined
  expect(await tokens.ownerOf('token2')).toBeUndefined()
})

test('a bad token is looked up every time', async () => {
  answer = undefined
  for (let round = 0; round < 3; round += 1) expect(await tokens.ownerOf('token')).toBeUndefined()
  expect(lookUps).toBe(3)
})

test('no token is trusted past its end', async () => {
  answer = { owner: 'ci', expiresAt: new Date(Date.now() + 500).toISOString() }
  expect(await tokens.ownerOf('token')).toBe('ci')
  answer = undefined
  pass(499)
  expect(await tokens.ownerOf('token')).toBe('ci')
  pass(1)
  expect(await tokens.ownerOf('token')).toBeUndefined()
})

test('what was looked up before the forgetting is not trusted after it, even when it comes in later', async () => {
  const early = tokens.ownerOf('token')
  tokens.forget()
  expect(await early).toBe('ci')
  answer = undefined
  expect(await tokens.ownerOf('token')).toBeUndefined()
})

test('of very many tokens, the oldest are looked up again', async () => {
  for (let token = 0; token <= 10_000; token += 1) await tokens.ownerOf(String(token))
  const before = lookUps
  await tokens.ownerOf('1')
  expect(lookUps).toBe(before)
  await tokens.ownerOf('0')
  expect(lookUps).toBe(before + 1)
})
