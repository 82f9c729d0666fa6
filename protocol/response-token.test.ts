import { randomBytes } from 'node:crypto'
import { expect, test, vi } from 'vitest'
import { ResponseTokens } from './response-token.js'

const ID = 'inv_generate-report_0123456789abcdef'
const [first, second] = [randomBytes(32), randomBytes(32)]
const inAMinute = () => Date.now() + 60_000

const tokens = new ResponseTokens([first])
const workflowRunId = '0198c0de-0000-7000-8000-0123456789ab'
const issue = (attempt = 3) => tokens.issue({ invocationId: ID, attempt, workflowRunId, expiresAtMs: inAMinute() })

test.each([1, 3, 1_000_000])('a token says which attempt it is for, of which run of the workflow: %d', (attempt) => {
  expect(issue(attempt)).toMatch(/^rsp_[A-Za-z0-9_-]{87}$/)
  expect(tokens.verify(issue(attempt), ID)).toStrictEqual({ attempt, workflowRunId })
})

test('it is good for its invocation only', () => {
  expect(tokens.verify(issue(), 'inv_generate-report_0123456789abcdee')).toBeUndefined()
})

test('it ends', () => {
  vi.useFakeTimers({ now: 1_000_000 })
  try {
    const token = tokens.issue({ invocationId: ID, attempt: 1, workflowRunId, expiresAtMs: 1_001_000 })
    vi.setSystemTime(1_000_999)
    expect(tokens.verify(token, ID)?.attempt).toBe(1)
    vi.setSystemTime(1_001_000)
    expect(tokens.verify(token, ID)).toBeUndefined()
  } finally {
    vi.useRealTimers()
  }
})

test('no bit of it may be changed', () => {
  const bytes = Buffer.from(issue().slice(4), 'base64url')
  for (let bit = 0; bit < bytes.length * 8; bit += 1) {
    const forged = Buffer.from(bytes)
    forged[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7))
    expect(tokens.verify(`rsp_${forged.toString('base64url')}`, ID)).toBeUndefined()
  }
})

test.each(['', 'rsp_', 'rsp_x', 'key_abc', `rsp_${'A'.repeat(87)}`])('%j is none', (text) => {
  expect(tokens.verify(text, ID)).toBeUndefined()
})

test('it has one spelling', () => {
  const token = issue()
  expect(tokens.verify(`${token}x`, ID)).toBeUndefined()
  expect(tokens.verify(`${token}=`, ID)).toBeUndefined()
  expect(tokens.verify(token.replace('rsp_', 'rsq_'), ID)).toBeUndefined()
  expect(tokens.verify(token.slice(0, -1), ID)).toBeUndefined()
})

test('what a rotated key signed is good until the key is gone', () => {
  const token = issue()
  const replica = new ResponseTokens([second, first])
  expect(replica.verify(token, ID)?.attempt).toBe(3)
  const theirs = replica.issue({ invocationId: ID, attempt: 4, workflowRunId, expiresAtMs: inAMinute() })
  expect(tokens.verify(theirs, ID)).toBeUndefined()
  replica.use([second])
  expect(replica.verify(token, ID)).toBeUndefined()
})
