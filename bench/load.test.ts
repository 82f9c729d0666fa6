import { expect, test } from 'vitest'
import { runLoad, type Params, type Result } from './load.js'

const answer = ({ sequence }: Params): Result => ({ rowCount: 3, sequence, run: sequence + 1 })

test('every call is made once, and never more at a time than asked', async () => {
  const seen: number[] = []
  let now = 0
  let most = 0
  const block = await runLoad(
    async (params) => {
      seen.push(params.sequence)
      now += 1
      most = Math.max(most, now)
      await new Promise(setImmediate)
      now -= 1
      return answer(params)
    },
    { count: 10, inFlight: 4 },
  )
  expect(seen).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9])
  expect(most).toBe(4)
  expect(block.latenciesMs).toHaveLength(10)
  expect(block.results.map(({ run }) => run).sort((a, b) => a - b)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10])
})

test("another call's result ends the load", async () => {
  const mixedUp = (params: Params): Promise<Result> => Promise.resolve({ ...answer(params), sequence: 7 })
  await expect(runLoad(mixedUp, { count: 1, inFlight: 1 })).rejects.toThrow(
    'call 0 was answered with the result of call 7',
  )
})

test('a call that fails ends the load with its error', async () => {
  const failing = (): Promise<Result> => Promise.reject(new Error('no agent'))
  await expect(runLoad(failing, { count: 2, inFlight: 1 })).rejects.toThrow('no agent')
})
