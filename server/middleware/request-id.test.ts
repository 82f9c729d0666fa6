import { expect, test } from 'vitest'
import { testApp } from './test-app.testsuite.js'

const idApp = () => testApp((app) => app.get('/', (_, response) => response.json(response.locals['requestId'])))

test("the caller's id is kept, and sent back", async () => {
  const { url } = await idApp()
  for (const id of ['a', 'trace-1.2_3', 'x'.repeat(128)]) {
    const response = await fetch(url, { headers: { 'x-request-id': id } })
    expect(response.headers.get('x-request-id')).toBe(id)
    expect(await response.json()).toBe(id)
  }
})

test.each(['', 'a b', '"}{"', 'x'.repeat(129)])('%j is replaced by a new one', async (given) => {
  const { url } = await idApp()
  const response = await fetch(url, { headers: { 'x-request-id': given } })
  const id = (await response.json()) as string
  expect(id).toMatch(/^req_[0-9a-f-]{36}$/)
  expect(response.headers.get('x-request-id')).toBe(id)
})

test('each request without one has one of its own', async () => {
  const { url } = await idApp()
  const ids = await Promise.all([1, 2].map(async () => (await fetch(url)).json()))
  expect(new Set(ids).size).toBe(2)
})
