import console from 'node:console'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { captureConsole } from './capture-console.js'

test('lines go to whoever called, however the calls overlap, and to the console in the same words', async () => {
  const shown = vi.spyOn(console, 'info').mockImplementation(() => undefined)
  onTestFinished(() => shown.mockRestore())
  const seen: Record<string, unknown[]> = { first: [], second: [] }
  const run = (name: string, waitMs: number) =>
    captureConsole(
      { redact: (line) => line.replace('done', 'over'), write: (level, line) => seen[name]?.push([level, line]) },
      async () => {
        console.info('%s has %d', name, 1, { a: [2] })
        await delay(waitMs)
        console.info(`${name} is done`)
        return name
      },
    )
  expect(await Promise.all([run('first', 20), run('second', 5)])).toEqual(['first', 'second'])
  console.info('nobody listens')
  for (const [name, lines] of Object.entries(seen)) {
    expect(lines).toEqual([
      ['info', `${name} has 1 { a: [ 2 ] }`],
      ['info', `${name} is over`],
    ])
  }
  expect(shown.mock.calls.slice(-2)).toEqual([['first is over'], ['nobody listens']])
})
