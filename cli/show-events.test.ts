import { expect, test } from 'vitest'
import { InvocationHandle } from '../client/invocation-handle.js'
import { remoteParty } from '../client/remote-party.testsuite.js'
import { showEvents } from './show-events.js'

/** What is shown of them, as the bar and as lines. */
async function shownOf(events: readonly object[]): Promise<string[]> {
  const id = 'inv_talk_0123456789abcdef'
  const all = [...events, { type: 'ended', id, status: 'succeeded' }]
  const party = await remoteParty((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(all.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
  })
  const handle = new InvocationHandle(id, { baseUrl: party.url, token: 'key_1', giveUpAfterMs: 0 })
  const shown: string[] = []
  const show = (text: string): void => void shown.push(text)
  await showEvents(handle, { label: 'talk', progress: { update: show, line: show, stop: () => undefined } })
  return shown
}

test('more done than there is in all is a full bar', async () => {
  expect(await shownOf([{ type: 'progress', done: 5, total: 1 }])).toEqual([`talk ${'█'.repeat(20)} 100 %  5/1`])
})

test('what was dropped is counted in its place', async () => {
  const line = (message: string) => ({ type: 'log', at: '2030-01-01T10:20:30.456Z', level: 'info', message })
  const one = { type: 'dropped', count: 1 }
  expect(await shownOf([line('a'), one, line('b'), { ...one, count: 3_000 }])).toEqual([
    '10:20:30.456 info  a',
    '… 1 line dropped',
    '10:20:30.456 info  b',
    '… 3000 lines dropped',
  ])
})
