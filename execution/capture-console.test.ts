import console from 'node:console'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { captureConsole } from './capture-console.js'

test('lines go to whoever called, however the calls overlap, and to the console as before', async () => {
  const shown = vi.spyOn(console, 'info').mockImplementation(() => undefined)
  onTestFinished(() => shown.mockRestore())
  const seen: Record<string, unknown[]> = { first: [], second: [] }
  const run = (name: string, waitMs: number) =>
    captureConsole(
      (level, message) => seen[name]?.push([level, message]),
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
      ['info', `${name} is done`],
    ])
  }
  expect(shown.mock.calls.at(-1)).toEqual(['nobody listens'])
})
