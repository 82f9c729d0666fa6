import { expect, test } from 'vitest'
import { InvocationHandle } from '../client/invocation-handle.js'
import { remoteParty } from '../client/remote-party.testsuite.js'
import { showEvents } from './show-events.js'

test('more done than there is in all is a full bar', async () => {
  const id = 'inv_talk_0123456789abcdef'
  const events = [
    { type: 'progress', done: 5, total: 1 },
    { type: 'ended', id, status: 'succeeded' },
  ]
  const party = await remoteParty((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.end(events.map((event) => `data: ${JSON.stringify(event)}\n\n`).join(''))
  })
  const handle = new InvocationHandle(id, { baseUrl: party.url, token: 'key_1', giveUpAfterMs: 0 })
  const shown: string[] = []
  const progress = { update: (text: string) => void shown.push(text), line: () => undefined, stop: () => undefined }
  await showEvents(handle, { label: 'talk', progress })
  expect(shown).toEqual([`talk ${'█'.repeat(20)} 100 %  5/1`])
})
