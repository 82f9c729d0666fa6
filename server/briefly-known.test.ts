import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { BrieflyKnown, type Found } from './briefly-known.js'

let answer: Found<string> | undefined
let lookUps: number
let tokens: BrieflyKnown<string>

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['Date'] })
  answer = { value: 'ci', expiresAt: null }
  lookUps = 0
  tokens = new BrieflyKnown(() => {
    lookUps += 1
    return Promise.resolve(answer)
  })
})

afterEach(() => vi.useRealTimers())

const pass = (ms: number) => vi.setSystemTime(Date.now() + ms)

test('a good token is trusted for two seconds, from when it was looked up', async () => {
  for (const afterMs of [0, 1_000, 999]) {
    pass(afterMs)
    expect(await tokens.get('token')).toBe('ci')
  }
  expect(lookUps).toBe(1)
  answer = undefined
  pass(1)
  expect(await tokens.get('token')).toBeUndefined()
  expect(lookUps).toBe(2)
})

test('one token says nothing about another', async () => {
  await tokens.get('token')
  answer = undefined
  expect(await tokens.get('token2')).toBeUndefined()
})

test('a bad token is looked up every time', async () => {
  answer = undefined
  for (let round = 0; round < 3; round += 1) expect(await tokens.get('token')).toBeUndefined()
  expect(lookUps).toBe(3)
})

test('no token is trusted past its end', async () => {
  answer = { value: 'ci', expiresAt: new Date(Date.now() + 500).toISOString() }
  expect(await tokens.get('token')).toBe('ci')
  answer = undefined
  pass(499)
  expect(await tokens.get('token')).toBe('ci')
  pass(1)
  expect(await tokens.get('token')).toBeUndefined()
})

test('what was looked up before the forgetting is not trusted after it, even when it comes in later', async () => {
  const early = tokens.get('token')
  tokens.forget()
  expect(await early).toBe('ci')
  answer = undefined
  expect(await tokens.get('token')).toBeUndefined()
})

test('who wants it as it is now is not told what was', async () => {
  await tokens.get('token')
  answer = undefined
  expect(await tokens.getNow('token')).toBeUndefined()
  expect(await tokens.get('token')).toBeUndefined()
})

test('what is remembered is found by its name', async () => {
  const asked: string[] = []
  const hashed = new BrieflyKnown(
    (token) => {
      asked.push(token)
      return Promise.resolve(answer)
    },
    (token) => token.toLowerCase(),
  )
  expect([await hashed.get('Token'), await hashed.get('TOKEN')]).toStrictEqual(['ci', 'ci'])
  expect(asked).toStrictEqual(['Token'])
})

test('of very many tokens, the oldest are looked up again', async () => {
  for (let token = 0; token <= 10_000; token += 1) await tokens.get(String(token))
  const before = lookUps
  await tokens.get('1')
  expect(lookUps).toBe(before)
  await tokens.get('0')
  expect(lookUps).toBe(before + 1)
})
