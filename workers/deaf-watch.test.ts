import { expect, test } from 'vitest'
import { untilDeaf } from './deaf-watch.js'

type Answer = 'yes' | 'no' | 'trouble'

/** Gives those answers, and ends the watch after the last. */
async function watched(answers: readonly Answer[], isBusy: (asked: number) => boolean = () => false) {
  const stop = new AbortController()
  let asked = 0
  let looked = 0
  const isDeaf = await untilDeaf({
    isReceiving: () => {
      const answer = answers[asked]
      asked += 1
      if (asked === answers.length) queueMicrotask(() => stop.abort())
      return answer === 'trouble' ? Promise.reject(new Error('unreachable')) : Promise.resolve(answer === 'yes')
    },
    isBusy: () => isBusy((looked += 1)),
    signal: stop.signal,
    everyMs: 1,
    againMs: 1,
  })
  return { isDeaf, asked }
}

test.each<[boolean, Answer[]]>([
  [true, ['no', 'no']],
  [true, ['yes', 'no', 'no']],
  [false, ['no', 'yes', 'no', 'yes']],
  [false, ['no', 'trouble', 'no', 'trouble']],
  [false, ['trouble', 'trouble', 'trouble']],
])('%s after %j', async (isDeaf, answers) => {
  expect(await watched(answers)).toStrictEqual({ isDeaf, asked: answers.length })
})

test('a worker that is too busy to poll is not asked about', async () => {
  expect(await watched(['no', 'no'], (looked) => looked % 2 === 0)).toStrictEqual({ isDeaf: false, asked: 2 })
})
