import { describe, expect, test } from 'vitest'
import { collect } from '../tests/support/events.js'
import { followEvents } from './follow.js'
import { cut, hold, json, remoteParty } from './remote-party.testsuite.js'

const ID = 'inv_talk_0123456789abcdef'
const ENDED = { type: 'ended', id: ID, status: 'succeeded', result: 1 }

type Answer = ReturnType<typeof json>

/** A stream of these, which then ends, or breaks off. */
const stream =
  (text: string, breaksOff = false): Answer =>
  (response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' })
    if (breaksOff) response.write(text, () => setTimeout(() => response.destroy(), 20))
    else response.end(text)
  }

const event = (id: number, value: object): string => `id: ${id}\nevent: x\ndata: ${JSON.stringify(value)}\n\n`
const ended = `event: ended\ndata: ${JSON.stringify(ENDED)}\n\n`

const endpoint = (url: string, signal?: AbortSignal) => ({ baseUrl: url, token: 'key_1', giveUpAfterMs: 0, signal })

test('gives each event, and ends with the last', async () => {
  const party = await remoteParty(stream(`retry: 5\n\n:\n\n${event(1, { n: 1 })}${ended}${event(9, { n: 9 })}`))
  expect(await collect(followEvents(endpoint(party.url), ID))).toEqual([{ n: 1 }, ENDED])
  expect(party.requests).toMatchObject([
    { method: 'GET', path: `/v1/invocations/${ID}/events`, authorization: 'Bearer key_1' },
  ])
})

describe('comes back with the last id', () => {
  test.each<[string, Answer]>([
    ['ends', stream(event(7, { n: 7 }))],
    ['breaks off, even in the middle of an event', stream(`${event(7, { n: 7 })}id: 8\ndata: {"n"`, true)],
  ])('when the stream %s', async (_name, broken) => {
    const ids: unknown[] = []
    const last: Answer = (response) => {
      ids.push(response.req.headers['last-event-id'])
      return stream(event(8, { n: 8 }) + ended)(response)
    }
    const party = await remoteParty(broken, cut, json(503, {}, { 'retry-after': '0' }), last)
    expect(await collect(followEvents(endpoint(party.url), ID))).toEqual([{ n: 7 }, { n: 8 }, ENDED])
    expect(ids).toEqual(['7'])
    expect(party.requests).toHaveLength(4)
  })
})

test('what has no id leaves the last one as it is', async () => {
  const status = `event: status\ndata: {"type":"status"}\n\n`
  const ids: unknown[] = []
  const last: Answer = (response) => {
    ids.push(response.req.headers['last-event-id'])
    return stream(ended)(response)
  }
  const party = await remoteParty(stream(event(7, { n: 7 })), stream(status), last)
  await collect(followEvents(endpoint(party.url), ID))
  expect(ids).toEqual(['7'])
})

test('an error that stays is thrown', async () => {
  const error = { code: 'invocation_not_found', message: 'no invocation' }
  const party = await remoteParty(json(404, { error }))
  await expect(collect(followEvents(endpoint(party.url), ID))).rejects.toMatchObject(error)
  expect(party.requests).toHaveLength(1)
})

test('what is no stream is no control plane', async () => {
  const party = await remoteParty(json(200, {}))
  await expect(collect(followEvents(endpoint(party.url), ID))).rejects.toMatchObject({
    code: 'internal',
    message: 'the control plane answered 200 without a stream of events; is the URL that of a control plane?',
  })
})

test('a signal ends it, whatever it waits for', async () => {
  for (const answer of [hold(), stream(event(1, { n: 1 })), json(503, {}, { 'retry-after': '60' })]) {
    const stop = new AbortController()
    const party = await remoteParty(answer)
    const following = collect(followEvents(endpoint(party.url, stop.signal), ID))
    await expect.poll(() => party.requests.length).toBeGreaterThanOrEqual(1)
    stop.abort(new Error('enough'))
    await expect(following).rejects.toThrow('enough')
  }
})
