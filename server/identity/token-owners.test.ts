import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { hashToken } from '../registry/tokens.js'
import { Guesses } from './guesses.js'
import { TokenOwners } from './token-owners.js'

const HERE = '203.0.113.1'
const ELSEWHERE = '203.0.113.2'
const TOO_MANY = {
  code: 'rate_limited',
  message: 'this address shows too many tokens that are not valid; try again in a second',
}

/** Tokens and whose they are. */
let owners: Map<string, string>
/** Questions for one token, and for the hashes of many. */
let asked: string[]
let askedTogether: (readonly string[])[]
let isDown: boolean
let tokens: TokenOwners<string>

beforeEach(() => {
  vi.useFakeTimers()
  owners = new Map([['good', 'acme']])
  asked = []
  askedTogether = []
  isDown = false
  tokens = new TokenOwners(
    {
      lookUp: (token) => {
        asked.push(token)
        if (isDown) return Promise.reject(new Error('down'))
        const value = owners.get(token)
        return Promise.resolve(value === undefined ? undefined : { value, expiresAt: null })
      },
      goodOf: (hashes) => {
        askedTogether.push(hashes)
        if (isDown) return Promise.reject(new Error('down'))
        const good = new Set([...owners.keys()].map(hashToken))
        return Promise.resolve(hashes.filter((hash) => good.has(hash)))
      },
    },
    // One at once, and none comes back while a test runs.
    new Guesses(1 / 1_000),
  )
})

afterEach(() => void vi.useRealTimers())

/** Until those who were turned away are looked at. */
const aMoment = () => vi.advanceTimersByTimeAsync(500)

/** Shows a wrong token, which is all that the address has. */
async function useUp(address: string): Promise<void> {
  expect(await tokens.get('wrong', address)).toBeUndefined()
}

test('a wrong token uses up what its address has, and nobody is asked about the next', async () => {
  await useUp(HERE)
  await expect(tokens.get('other', HERE)).rejects.toMatchObject(TOO_MANY)
  expect(asked).toEqual(['wrong'])
  expect(await tokens.get('other', ELSEWHERE)).toBeUndefined()
})

test('a good token uses up nothing, however often it comes', async () => {
  for (let time = 0; time < 3; time += 1) {
    expect(await tokens.get('good', HERE)).toBe('acme')
    tokens.forget()
  }
  await useUp(HERE)
})

test('a token that was good is let in whatever else comes from its address', async () => {
  await tokens.get('good', ELSEWHERE)
  await useUp(HERE)
  tokens.forget()
  expect(await tokens.get('good', HERE)).toBe('acme')
})

test('a good token that was never seen is let in after those of the moment were looked at together', async () => {
  await useUp(HERE)
  for (const token of ['good', 'x', 'good', 'y']) await expect(tokens.get(token, HERE)).rejects.toMatchObject(TOO_MANY)
  await aMoment()
  expect(askedTogether).toEqual([['x', 'good', 'y'].map(hashToken)])
  expect(await tokens.get('good', HERE)).toBe('acme')
  await expect(tokens.get('x', HERE)).rejects.toMatchObject(TOO_MANY)
})

test('of very many that were turned away, those that came last are looked at', async () => {
  await useUp(HERE)
  const all = Array.from({ length: 1_001 }, (_, index) => `wrong ${index}`)
  for (const token of all) await tokens.get(token, HERE).catch(() => undefined)
  await aMoment()
  expect(askedTogether).toHaveLength(1)
  expect(askedTogether[0]).toEqual(all.slice(1).map(hashToken))
})

test('a token that is good no more is as unknown as any other', async () => {
  await tokens.get('good', HERE)
  owners.delete('good')
  tokens.forget()
  expect(await tokens.get('good', HERE)).toBeUndefined()
  // It counted, too.
  await expect(tokens.get('good', HERE)).rejects.toMatchObject(TOO_MANY)
})

test('what the registry cannot say counts against nobody', async () => {
  isDown = true
  for (let time = 0; time < 3; time += 1) await expect(tokens.get('good', HERE)).rejects.toThrow('down')
  isDown = false
  await useUp(HERE)
})

test('a registry that is down when many are looked at together is asked again for those who come again', async () => {
  await useUp(HERE)
  isDown = true
  await tokens.get('good', HERE).catch(() => undefined)
  await aMoment()
  isDown = false
  await expect(tokens.get('good', HERE)).rejects.toMatchObject(TOO_MANY)
  await aMoment()
  expect(await tokens.get('good', HERE)).toBe('acme')
})

test('no more tokens are remembered than there is room for', async () => {
  for (let index = 0; index <= 20_000; index += 1) owners.set(`good ${index}`, 'acme')
  for (const token of owners.keys()) await tokens.get(token, ELSEWHERE)
  tokens.forget()
  await useUp(HERE)
  expect(await tokens.get('good 20000', HERE)).toBe('acme')
  await expect(tokens.get('good', HERE)).rejects.toMatchObject(TOO_MANY)
})
