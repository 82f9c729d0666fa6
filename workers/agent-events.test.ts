/** The agent's side of what handlers say, against a control plane that answers as the test says. */
import { expect, onTestFinished, test } from 'vitest'
import { json, remoteParty } from '../client/remote-party.testsuite.js'
import type { AgentEvent, AgentEventsRequest } from '../protocol/agent-events.js'
import { AgentEventSender } from './agent-events.js'

type Party = Awaited<ReturnType<typeof remoteParty>>

const taken: ReturnType<typeof json> = (response) => response.writeHead(204).end()

function sender(url: string) {
  const troubles: string[] = []
  const events = new AgentEventSender({ url, token: 'agt_1', fetch: undefined, onTrouble: (why) => troubles.push(why) })
  onTestFinished(() => events.close(0))
  return { events, troubles }
}

const open = (events: AgentEventSender, name = 'task') => events.open({ taskToken: Buffer.from(name), attempt: 1 })

const batchesOf = ({ requests }: Party) => requests.flatMap(({ body }) => (body as AgentEventsRequest).batches)

const textOf = (event: AgentEvent): string =>
  event.type === 'log' ? event.message : event.type === 'dropped' ? `dropped ${event.count}` : event.type

const textsOf = (party: Party): string[] => batchesOf(party).flatMap(({ events }) => events.map(textOf))

test('what is said goes together, numbered, with the proof of what it is about', async () => {
  const party = await remoteParty(taken)
  const { events } = sender(party.url)
  const attempt = open(events)
  attempt.log('info', 'a')
  attempt.progress({ done: 1 })
  await expect.poll(() => party.requests.length).toBe(1)
  attempt.log('warn', 'b', { n: 1 })
  attempt.end()
  await expect.poll(() => party.requests.length).toBe(2)
  expect(party.requests[0]).toMatchObject({ method: 'POST', path: '/v1/agent/events', authorization: 'Bearer agt_1' })
  expect(batchesOf(party)).toMatchObject([
    { taskToken: 'dGFzaw==', first: 1, events: [{ type: 'started' }, { message: 'a' }, { type: 'progress', done: 1 }] },
    { taskToken: 'dGFzaw==', first: 4, events: [{ message: 'b', fields: { n: 1 } }, { type: 'finished' }] },
  ])
})

test('an attempt that says nothing and is over at once costs no request', async () => {
  const party = await remoteParty(taken)
  const { events } = sender(party.url)
  const silent = open(events)
  silent.started()
  silent.end()
  const long = open(events, 'long')
  long.started()
  await expect.poll(() => party.requests.length).toBe(1)
  expect(batchesOf(party)).toMatchObject([{ taskToken: 'bG9uZw==', events: [{ type: 'started' }] }])
})

test('what comes after the end is not told', async () => {
  const party = await remoteParty(taken)
  const { events } = sender(party.url)
  const attempt = open(events)
  attempt.log('info', 'a')
  attempt.end()
  attempt.log('info', 'late')
  await events.close(1_000)
  expect(textsOf(party)).toEqual(['started', 'a', 'finished'])
})

test('a request whose answer was lost is sent again as it was', async () => {
  const party = await remoteParty((response) => response.destroy(), json(503, {}, { 'retry-after': '0' }), taken)
  const { events } = sender(party.url)
  open(events).log('info', 'a')
  await expect.poll(() => party.requests.length).toBe(3)
  const [first, ...others] = party.requests
  for (const other of others) expect(other.body).toEqual(first?.body)
})

test('while the control plane is away handlers never wait, and the newest lines are kept', async () => {
  const party = await remoteParty(json(503, {}, { 'retry-after': '2' }), taken)
  const { events } = sender(party.url)
  const attempt = open(events)
  attempt.log('info', 'first')
  await expect.poll(() => party.requests.length).toBe(1)
  const startMs = performance.now()
  for (let line = 1; line <= 100_000; line += 1) attempt.log('debug', `line ${line}`)
  expect(performance.now() - startMs).toBeLessThan(20_000)
  attempt.end()
  await events.close(10_000)
  const texts = textsOf(party)
  // Sent twice: once to nobody.
  expect(texts.slice(0, 4)).toEqual(['started', 'first', 'started', 'first'])
  expect(texts.slice(4, 6)).toEqual(['dropped 99001', 'line 99002'])
  expect(texts.slice(-2)).toEqual(['line 100000', 'finished'])
})

test('what is refused is not tried again, and the others go on', async () => {
  const error = { code: 'permission_denied', message: 'not yours', details: { refused: [0] } }
  const party = await remoteParty(json(403, { error }), taken)
  const { events, troubles } = sender(party.url)
  const [bad, good] = [open(events, 'bad'), open(events, 'good')]
  bad.log('info', 'a')
  good.log('info', 'a')
  await expect.poll(() => party.requests.length).toBe(1)
  await expect.poll(() => troubles).toEqual(['not yours'])
  bad.log('info', 'b')
  good.log('info', 'b')
  await expect.poll(() => party.requests.length).toBe(2)
  expect(batchesOf(party).slice(2)).toMatchObject([{ taskToken: 'Z29vZA==', events: [{ message: 'b' }] }])
})

test('what the control plane cannot take is counted, and told once', async () => {
  const error = { code: 'invalid_request', message: 'bad events' }
  const party = await remoteParty(json(400, { error }), json(400, { error }), taken)
  const { events, troubles } = sender(party.url)
  const attempt = open(events)
  attempt.log('info', 'a')
  await expect.poll(() => party.requests.length).toBeGreaterThanOrEqual(3)
  expect(batchesOf(party)[2]?.events).toEqual([{ type: 'dropped', count: 2 }])
  expect(troubles).toEqual(['bad events'])
})

test('what one attempt says that cannot be taken does not take what others say with it', async () => {
  const bad = json(400, { error: { code: 'invalid_request', message: 'bad events' } })
  const party = await remoteParty(bad, bad, taken)
  const { events } = sender(party.url)
  open(events, 'bad').log('info', 'a')
  open(events, 'good').log('info', 'b')
  await expect.poll(() => party.requests.length).toBeGreaterThanOrEqual(3)
  expect(batchesOf(party).slice(2, 4)).toMatchObject([
    { taskToken: 'YmFk', first: 1 },
    { taskToken: 'Z29vZA==', first: 1, events: [{ type: 'started' }, { message: 'b' }] },
  ])
})

test('a rotated token is used from then on', async () => {
  const party = await remoteParty(taken)
  const { events } = sender(party.url)
  events.setToken('agt_2')
  open(events).log('info', 'a')
  await expect.poll(() => party.requests.length).toBe(1)
  expect(party.requests[0]?.authorization).toBe('Bearer agt_2')
})

test('closing gives up in time', async () => {
  const party = await remoteParty(() => undefined)
  const { events } = sender(party.url)
  open(events).log('info', 'a')
  const startMs = performance.now()
  await events.close(200)
  expect(performance.now() - startMs).toBeLessThan(10_000)
})
