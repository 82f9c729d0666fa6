/** Runs after all other tests, with the machine to itself. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { afterAll, beforeAll, expect, test } from 'vitest'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
})

afterAll(() => stack.close())

test('no wait on the way has a beat of its own', async () => {
  const client = stack.client()
  const spreads: number[] = []
  for (let round = 0; round < 3; round += 1) {
    const tookMs: number[] = []
    for (let count = 0; count < 50; count += 1) {
      const start = performance.now()
      await client.invoke('sleep', { ms: 1 })
      tookMs.push(performance.now() - start)
    }
    tookMs.sort((a, b) => a - b)
    spreads.push((tookMs[45] ?? Infinity) - (tookMs[5] ?? 0))
  }
  // A poll interval anywhere would spread the answers of every round over its length; a busy machine spreads some.
  expect(Math.min(...spreads)).toBeLessThan(40)
})
