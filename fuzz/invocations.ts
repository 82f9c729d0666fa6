/** The body that starts an invocation: JSON from whoever has a key. */
import fc from 'fast-check'
import { isDeepStrictEqual } from 'node:util'
import { CommandError } from '../protocol/errors.js'
import { MAX_PAYLOAD_BYTES, MAX_WAIT_MS } from '../protocol/limits.js'
import { assertCommandName, assertInvocationId } from '../protocol/names.js'
import { PING_COMMAND } from '../protocol/ping.js'
import { policySchema } from '../protocol/policy.js'
import { parseInvocationRequest, type InvocationRequest } from '../server/invocations/request.js'
import { jsonFuzzer } from './body-fuzzer.js'

const names = fc.oneof(
  fc.constantFrom('echo', 'acme-corp', 'alien.ping', '__proto__', '', 'x'.repeat(300), 'a b', 'é', 'a\0'),
  fc.string(),
)
const times = fc.oneof(
  fc.constantFrom('1s', '30s', 0, 1, -1, 1.5, 1e300, '1 parsec', '9'.repeat(400), null),
  fc.constantFrom('2030-01-31T12:00:00Z', '1999-01-31T12:00:00Z', '2030-99-99T12:00:00Z'),
  fc.jsonValue(),
)
const ids = fc.oneof(fc.constantFrom('inv_echo_0123456789abcdef0123456789abcdef', 'inv_', 'inv_/../x'), fc.jsonValue())

const bodies = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record(
      {
        deployment: fc.oneof(names, fc.jsonValue()),
        command: names,
        params: fc.oneof(fc.dictionary(names, fc.jsonValue({ maxDepth: 3 })), fc.jsonValue()),
        id: ids,
        idempotencyKey: fc.oneof(names, fc.jsonValue()),
        wait: times,
        failFast: fc.oneof(fc.boolean(), fc.jsonValue()),
        timeout: times,
        queueTimeout: times,
        deadline: times,
        heartbeatTimeout: times,
        atMostOnce: fc.oneof(fc.boolean(), fc.jsonValue()),
        retry: fc.oneof(
          fc.record({ maxAttempts: times, initialInterval: times }, { requiredKeys: [] }),
          fc.jsonValue(),
        ),
        concurrency: fc.constant(1),
        exposeStack: fc.boolean(),
        unknown: fc.constant(1),
      },
      { requiredKeys: ['deployment', 'command'] },
    ),
  },
  fc.jsonValue(),
)

const FIELDS = new Set([
  ...['deployment', 'command', 'params', 'id', 'idempotencyKey', 'wait', 'failFast'],
  ...Object.keys(policySchema.shape).filter((key) => !['concurrency', 'exposeStack'].includes(key)),
])

export const INVOCATION_FUZZER = jsonFuzzer('invocation', bodies, (body) => {
  const request = parsed(body)
  if (request !== undefined) assertSound(request, body as Record<string, unknown>)
})

function parsed(body: unknown): InvocationRequest | undefined {
  try {
    return parseInvocationRequest(body)
  } catch (error) {
    if (error instanceof CommandError && ['invalid_request', 'payload_too_large'].includes(error.code)) return undefined
    throw error
  }
}

/** @throws when the request is not what the body says, or could break what comes after */
function assertSound(request: InvocationRequest, body: Record<string, unknown>): void {
  const { command, id, idempotencyKey, params, paramsJson, waitMs, policy } = request
  if (command !== PING_COMMAND) assertCommandName(command)
  if (id !== undefined) assertInvocationId(id)
  if (id !== undefined && idempotencyKey !== undefined) throw new Error('accepted: an id and a key')
  const foreign = Object.keys(body).find((key) => !FIELDS.has(key))
  if (foreign !== undefined) throw new Error(`accepted: ${foreign}`)
  if (!(waitMs >= 0 && waitMs <= MAX_WAIT_MS)) throw new Error(`accepted: a wait of ${waitMs} ms`)
  if (Buffer.byteLength(paramsJson) > MAX_PAYLOAD_BYTES) throw new Error('accepted: params over the limit')
  if (!isDeepStrictEqual(params, body['params'] ?? (body['params'] === null ? null : {}))) {
    throw new Error('accepted: other params than were given')
  }
  if (!isDeepStrictEqual(JSON.parse(paramsJson), JSON.parse(JSON.stringify(params)))) {
    throw new Error('accepted: params whose JSON says something else')
  }
  for (const key of ['timeout', 'queueTimeout', 'deadline', 'heartbeatTimeout'] as const) {
    const ms = policy[key]
    if (ms !== undefined && !(Number.isFinite(ms) && ms > 0)) throw new Error(`accepted: ${key} of ${ms} ms`)
  }
}
