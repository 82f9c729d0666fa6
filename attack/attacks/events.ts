/** Telling callers what no handler said: `POST /v1/agent/events`. */
import { TaskTokenSeal } from '../../gateway/task-token.js'
import { Breach, type Arena, type Attack } from '../attack.js'
import { flipped, gzipBomb } from '../bytes.js'
import { forgedToken } from '../forged-token.js'

/** What comes of it is read by the API, which asks Temporal. */
const attack = (name: string, without: string, run: Attack['run']): Attack => ({
  ...{ name, without, run },
  mayReach: 'vendor',
  speaksGrpc: false,
})

const FORGED = 'the password was changed, see http://evil.example'

const line = (message: string) => ({ type: 'log', at: new Date().toISOString(), level: 'info', message })

const batch = (taskToken: Uint8Array, events: readonly object[], first = 1) => ({
  taskToken: Buffer.from(taskToken).toString('base64'),
  first,
  events,
})

interface Told {
  readonly body: string | Uint8Array
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
}

/** The status of the answer. */
async function tell({ url, evil }: Arena, { body, token = evil.token, headers = {} }: Told): Promise<number> {
  const response = await fetch(`${url}/v1/agent/events`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json', ...headers },
    body,
  })
  await response.arrayBuffer()
  return response.status
}

const tellBatches = (arena: Arena, batches: readonly object[], token?: string): Promise<number> =>
  tell(arena, { body: JSON.stringify({ batches }), ...(token === undefined ? {} : { token }) })

/** @throws {Breach} when one is answered with another status than these */
function allAnswered(statuses: readonly number[], ...expected: readonly number[]): string {
  const wrong = statuses.find((status) => !expected.includes(status))
  if (wrong !== undefined) throw new Breach(`answered ${wrong}`)
  return `${statuses.length} calls answered ${[...new Set(statuses)].join(', ')}`
}

/** Its followers hear the genuine agent's next line, and before it nothing but genuine ones. @throws {Breach} */
async function assertUnheard(arena: Arena): Promise<void> {
  const { acme, acmeTask } = arena
  const genuine = `genuine ${Math.random()}`
  // A number that no earlier line has.
  const status = await tellBatches(arena, [batch(acmeTask.sealed, [line(genuine)], Date.now())], acme.keeperToken)
  if (status !== 204) throw new Error(`the genuine line was answered ${status}`)
  for await (const event of acme.commands.getInvocation(acmeTask.invocationId).events()) {
    if (event.type === 'ended') throw new Breach('its followers hear that it ended')
    if (event.type !== 'log') continue
    if (event.message === FORGED) throw new Breach('its followers hear what mallory said')
    if (event.message === genuine) return
  }
}

/** Lines, and the word that nothing follows, each with its own call and beside a genuine batch. */
async function forge(arena: Arena, ...tokens: readonly Uint8Array[]): Promise<string> {
  const statuses: number[] = []
  for (const token of tokens) {
    for (const events of [[line(FORGED)], [line(FORGED), { type: 'finished' }]]) {
      statuses.push(await tellBatches(arena, [batch(token, events, Date.now())]))
      const genuine = batch(arena.evilTask.sealed, [line('mine')], Date.now())
      statuses.push(await tellBatches(arena, [genuine, batch(token, events, Date.now())]))
    }
  }
  await assertUnheard(arena)
  return allAnswered(statuses, 400, 403)
}

/** Each takes four calls, so some of them will do. */
const FLIPPED_BYTES = 16

const someFlipped = (token: Uint8Array): Uint8Array[] =>
  flipped(token).filter((_, at) => at % Math.ceil(token.length / FLIPPED_BYTES) === 0)

const nested = (depth: number): string => '['.repeat(depth) + ']'.repeat(depth)

/** Bodies that are no events. */
function malformed({ evilTask }: Arena): string[] {
  const good = batch(evilTask.sealed, [line('mine')])
  const events = [
    { ...line('x'), at: 'yesterday' },
    { ...line('x'), level: 'emergency' },
    { ...line('x'), more: 1 },
    line('x'.repeat(20_000)),
    { type: 'progress', at: new Date().toISOString(), done: -1 },
    { type: 'dropped', count: 1e300 },
    { type: 'ended' },
    { type: 'status', status: 'succeeded' },
  ]
  return [
    ...['', 'null', '[]', '{}', '{"batches": {}}', '{"batches": [null]}', '{"__proto__": {"batches": []}}', '\u0000'],
    ...events.map((event) => JSON.stringify({ batches: [{ ...good, events: [event] }] })),
    ...[0, -1, 1.5, 2 ** 60, '1', null].map((first) => JSON.stringify({ batches: [{ ...good, first }] })),
    JSON.stringify({ batches: [{ ...good, taskToken: '%%%' }] }),
    JSON.stringify({ batches: [{ ...good, taskToken: 'A'.repeat(1_000_000) }] }),
    JSON.stringify({ batches: [{ ...good, events: [{ type: 'finished' }, line('after the end')] }] }),
    JSON.stringify({ batches: Array<object>(2_000).fill(good) }),
    JSON.stringify({ batches: [{ ...good, events: Array<object>(20_000).fill({ type: 'started' }) }] }),
    nested(100_000),
    `{"batches": [{"taskToken": "${good.taskToken}", "first": 1, "events": [{"type": "log", "at": "${new Date().toISOString()}", "level": "info", "message": "deep", "fields": {"a": ${nested(50_000)}}}]}]}`,
  ]
}

const GIB = 1024 ** 3

/** As much as an agent may say at once, again and again. */
async function talkALot(arena: Arena, { floods }: { readonly floods: number }): Promise<string> {
  const perCall = 500
  const calls = Math.ceil(floods / perCall)
  const statuses: number[] = []
  for (let call = 0; call < calls; call += 1) {
    const events = Array.from({ length: perCall }, () => line('x'.repeat(2_000)))
    statuses.push(await tellBatches(arena, [batch(arena.evilTask.sealed, events, Date.now() * 1_000)]))
  }
  const said = await kept(arena)
  if (said > 4_000) throw new Breach(`${said} lines of ${calls * perCall} are kept`)
  return `${allAnswered(statuses, 204, 429)}, ${said} lines of ${calls * perCall} are kept`
}

/** How many lines of evil-corp's own invocation its followers can still read. */
async function kept(arena: Arena): Promise<number> {
  const { evil, evilTask } = arena
  const last = `last ${Math.random()}`
  const status = await tellBatches(arena, [batch(evilTask.sealed, [line(last)], Date.now() * 1_000)], evil.keeperToken)
  if (status !== 204) throw new Error(`the last line was answered ${status}`)
  let count = 0
  for await (const event of evil.commands.getInvocation(evilTask.invocationId).events()) {
    if (event.type !== 'log') continue
    if (event.message === last) break
    count += 1
  }
  return count
}

export const EVENT_ATTACKS: readonly Attack[] = [
  attack("speak for another deployment's command", 'would tell its callers lies', async (arena) => {
    const { acmeTask } = arena
    const unsealed = [acmeTask.raw, await forgedToken(arena, acmeTask.invocationId)]
    return forge(arena, acmeTask.sealed, ...unsealed, ...someFlipped(acmeTask.sealed), Buffer.alloc(0))
  }),
  attack('speak with a token sealed by oneself, or after its end', 'would tell its callers lies', (arena) => {
    const { acmeTask, evilTask, evil, sealingKey } = arena
    const own = new TaskTokenSeal([Buffer.alloc(32, 1)]).seal(acmeTask.raw, evil.id, Date.now() + 60_000)
    const ended = new TaskTokenSeal([sealingKey]).seal(evilTask.raw, evil.id, Date.now() - 1)
    return forge(arena, own, ended)
  }),
  attack('say what are no events', 'would break whoever reads them', async (arena) => {
    const statuses: number[] = []
    for (const body of malformed(arena)) statuses.push(await tell(arena, { body }))
    await assertUnheard(arena)
    return allAnswered(statuses, 400, 413)
  }),
  attack('send events larger than they may be, or look', 'would fill the memory', async (arena) => {
    const large = JSON.stringify({ batches: [], more: 'x'.repeat(10 * 1024 * 1024) })
    // A gigabyte of spaces, which JSON allows.
    const statuses = [
      await tell(arena, { body: large }),
      await tell(arena, { body: gzipBomb(GIB, ' '), headers: { 'content-encoding': 'gzip' } }),
    ]
    return allAnswered(statuses, 413, 415)
  }),
  attack('say as much as there is room for', 'would fill the disk', talkALot),
]
