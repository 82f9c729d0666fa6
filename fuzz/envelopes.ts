/** Envelopes, from whoever may write to the queue: none is believed that is not whole, nor where its response goes. */
import fc from 'fast-check'
import { encodeEnvelope, parseEnvelope, type Envelope } from '../protocol/envelope.js'
import { isCommandName, isInvocationId } from '../protocol/names.js'
import { heartbeatPath, responsePath } from '../protocol/attempt-response.js'
import { CommandError } from '../protocol/errors.js'
import { assertAnsweredHere } from '../transports/runtime/response-route.js'
import type { Fuzzer } from './fuzzer.js'

const CONTROL_PLANE = new URL('https://alien.example')
const ID = 'inv_0123456789abcdef'

const genuine: Envelope = {
  version: 1,
  invocationId: ID,
  workflowRunId: 'run',
  deployment: { id: 'dep_acme', name: 'acme' },
  command: 'echo',
  params: { a: [1, 'two', null] },
  attempt: { attempt: 1, run: 1, deliveredBefore: 0, atMostOnce: false, timeoutMs: null, exposeStack: false },
  sentAt: '2026-01-01T00:00:00.000Z',
  response: {
    url: `https://alien.example${responsePath(ID)}`,
    heartbeatUrl: `https://alien.example${heartbeatPath(ID)}`,
    token: 'rsp_token',
    expiresAt: '2026-01-02T00:00:00.000Z',
  },
}
const bytes = encodeEnvelope(genuine, 'fuzz', 10_000)

const flipped = fc
  .array(fc.tuple(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 })), { minLength: 1, maxLength: 3 })
  .map((flips) => {
    const copy = Buffer.from(bytes)
    for (const [at, mask] of flips) copy[at] = (copy[at] ?? 0) ^ mask
    return copy
  })

const cut = fc.nat(bytes.length).map((length) => bytes.subarray(0, length))

const addresses = fc.oneof(
  fc.webUrl({ withQueryParameters: true, withFragments: true }),
  fc.constantFrom(
    `http://alien.example${responsePath(ID)}`,
    `https://alien.example:444${responsePath(ID)}`,
    `https://user@alien.example${responsePath(ID)}`,
    `https://alien.example.evil${responsePath(ID)}`,
    `https://evil/?https://alien.example${responsePath(ID)}`,
    `https://alien.example@evil${responsePath(ID)}`,
    `https://alien.example${responsePath(ID)}/../../../../evil`,
    `https://alien.example/x\\..${responsePath(ID)}`,
    `https://alien.example/x${responsePath(ID)}`,
    'file:///etc/passwd',
    'data:,',
  ),
)

const changed = fc
  .record(
    {
      version: fc.oneof(fc.constantFrom<unknown>(1, 2, '1', 1.5, Number.MAX_SAFE_INTEGER), fc.jsonValue()),
      invocationId: fc.oneof(fc.constantFrom(ID, '../evil', `${ID}/..`, '__proto__'), fc.string()),
      command: fc.oneof(fc.constantFrom('echo', '__proto__', 'a/b', ''), fc.string()),
      deployment: fc.jsonValue(),
      params: fc.jsonValue({ maxDepth: 6 }),
      attempt: fc.record({ attempt: fc.jsonValue(), run: fc.jsonValue(), extra: fc.jsonValue() }, { requiredKeys: [] }),
      response: fc.record({ url: addresses, heartbeatUrl: addresses, token: fc.string() }, { requiredKeys: [] }),
      unknown: fc.jsonValue(),
    },
    { requiredKeys: [] },
  )
  .map(({ response, attempt, ...rest }) =>
    Buffer.from(
      JSON.stringify({
        ...genuine,
        ...rest,
        ...(attempt === undefined ? {} : { attempt: { ...genuine.attempt, ...attempt } }),
        response: { ...genuine.response, ...response },
      }),
    ),
  )

const deep = fc
  .tuple(fc.constantFrom('[', '{"a":'), fc.integer({ min: 1, max: 200_000 }))
  .map(([open, depth]) => Buffer.from(`{"version":1,"params":${open.repeat(depth)}`))

export const ENVELOPE_FUZZER: Fuzzer = {
  name: 'envelope',
  inputs: fc.oneof(
    { weight: 5, arbitrary: flipped },
    { weight: 5, arbitrary: changed },
    { weight: 2, arbitrary: cut },
    { weight: 1, arbitrary: deep },
    fc.uint8Array({ maxLength: 200 }),
  ),
  check: (input) => {
    const raw = read(() => parseEnvelope(input))
    // As Lambda hands it over. What is no JSON does not come so.
    const parsed = read(() => parseEnvelope(jsonIn(input)))
    if (raw === undefined) return
    if (JSON.stringify(parsed) !== JSON.stringify(raw)) throw new Error('accepted as text, and not as JSON')
    if (!isInvocationId(raw.invocationId) || !isCommandName(raw.command)) throw new Error('accepted: a bad name')
    // It cannot be sent otherwise, and what cannot be sent looks as a control plane that is away.
    new Headers({ authorization: `Bearer ${raw.response.token}` })
    const isOurs = read(() => {
      assertAnsweredHere(raw, { controlPlane: CONTROL_PLANE })
      return true
    })
    if (isOurs === true) checkAddresses(raw)
  },
}

function checkAddresses({ invocationId, response }: Envelope): void {
  for (const [address, path] of [
    [response.url, responsePath(invocationId)],
    [response.heartbeatUrl, heartbeatPath(invocationId)],
  ] as const) {
    const { origin, username, search, pathname } = new URL(address)
    if (origin !== CONTROL_PLANE.origin || username !== '' || search !== '' || pathname !== path) {
      throw new Error(`accepted: a response to ${address}`)
    }
  }
}

/** `undefined` when it is refused with an error for people; anything else that is thrown is a crash. */
function read<T>(reader: () => T): T | undefined {
  try {
    return reader()
  } catch (error) {
    if (error instanceof CommandError && error.message !== '') return undefined
    throw error
  }
}

function jsonIn(input: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(input).toString())
  } catch {
    return undefined
  }
}
