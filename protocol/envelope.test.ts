import { describe, expect, test } from 'vitest'
import { attemptInputOf, encodeEnvelope, ENVELOPE_MAX_BYTES, parseEnvelope, type Envelope } from './envelope.js'

const envelope: Envelope = {
  version: 1,
  invocationId: 'inv_generate-report_0123456789abcdef',
  workflowRunId: '0198c0de-0000-7000-8000-000000000000',
  deployment: { id: 'dep_aaaaaaaaaaaaaaaaaaaa', name: 'acme-corp' },
  command: 'generate-report',
  params: { startDate: '2025-01-01' },
  attempt: { attempt: 2, run: 1, deliveredBefore: 1, atMostOnce: false, timeoutMs: 30_000, exposeStack: false },
  sentAt: '2025-01-01T00:00:00.000Z',
  deadlineAt: '2025-01-01T00:10:00.000Z',
  trace: { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01' },
  response: {
    url: 'https://alien.example.com/v1/invocations/inv_generate-report_0123456789abcdef/response',
    heartbeatUrl: 'https://alien.example.com/v1/invocations/inv_generate-report_0123456789abcdef/heartbeat',
    token: 'rsp_abc',
    expiresAt: '2025-01-01T01:00:00.000Z',
  },
}

const encode = (value: Envelope = envelope) => encodeEnvelope(value, 'Pub/Sub', ENVELOPE_MAX_BYTES.pubsub)

const problem = (delivered: unknown): unknown => {
  try {
    parseEnvelope(delivered)
  } catch (error) {
    return error
  }
  return undefined
}

describe('what was encoded is read', () => {
  test.each<[string, (bytes: Buffer) => unknown]>([
    ['as bytes', (bytes) => bytes],
    ['as text', (bytes) => bytes.toString()],
    ['as Lambda gives it, parsed', (bytes) => JSON.parse(bytes.toString()) as unknown],
  ])('%s', (_how, deliver) => {
    expect(parseEnvelope(deliver(encode()))).toEqual(envelope)
  })

  test.each([null, false, 0, '', 'é', [], [1, [2]], {}, { a: null }])('with params %j', (params) => {
    expect(parseEnvelope(encode({ ...envelope, params })).params).toEqual(params)
  })

  test('without what may be missing', () => {
    const least: Envelope = { ...envelope, deadlineAt: undefined, trace: undefined }
    expect(JSON.parse(encode(least).toString())).not.toHaveProperty('trace')
    expect(parseEnvelope(encode(least))).toEqual(least)
  })

  test('with no time limit, and a checkpoint', () => {
    const attempt = { ...envelope.attempt, timeoutMs: null, checkpoint: { row: 7 } }
    expect(parseEnvelope(encode({ ...envelope, attempt })).attempt).toEqual(attempt)
  })
})

test('the attempt is what an agent would have got', () => {
  expect(attemptInputOf(envelope)).toEqual({
    invocationId: envelope.invocationId,
    deployment: envelope.deployment,
    trace: envelope.trace,
    ...envelope.attempt,
  })
})

describe('what is none is refused, with the field', () => {
  test.each<[unknown, string]>([
    ['{', 'bad envelope: it is no JSON'],
    [Buffer.from([0xff, 0xfe]), 'bad envelope: it is no JSON'],
    ['null', 'bad envelope: Invalid input: expected object, received null'],
    [undefined, 'bad envelope: Invalid input: expected object, received undefined'],
    [[], 'bad envelope: Invalid input: expected object, received array'],
    [{ ...envelope, version: '1' }, 'bad envelope: version: Invalid input: expected 1'],
    [
      { ...envelope, version: 2 },
      'bad envelope: it is of version 2, and this runtime reads version 1; give both sides the same version of @alienplatform/sdk',
    ],
    [{ ...envelope, extra: 1 }, 'bad envelope: Unrecognized key: "extra"'],
    [{ ...envelope, invocationId: 'x' }, 'bad envelope: invocationId: is no invocation id'],
    [{ ...envelope, command: '../x' }, 'bad envelope: command: is no name of a command'],
    [{ ...envelope, params: undefined }, 'bad envelope: params: is missing'],
    [
      { ...envelope, attempt: { ...envelope.attempt, attempt: 0 } },
      'bad envelope: attempt.attempt: Too small: expected number to be >=1',
    ],
    [{ ...envelope, deadlineAt: 'soon' }, 'bad envelope: deadlineAt: Invalid ISO datetime'],
    [
      { ...envelope, response: { ...envelope.response, url: 'file:///etc/passwd' } },
      'bad envelope: response.url: Invalid URL',
    ],
  ])('%j', (delivered, message) => {
    expect(problem(delivered)).toMatchObject({ code: 'invalid_request', message })
  })

  test('what is nested so deeply that it cannot be written again', () => {
    expect(problem(`{"params":${'['.repeat(1_001)}${']'.repeat(1_001)}}`)).toMatchObject({
      code: 'invalid_request',
      message: 'bad envelope: its JSON is more than 1000 levels deep',
    })
  })

  test('what is larger than any transport takes is not even parsed', () => {
    expect(problem(Buffer.alloc(10_000_001, '['))).toMatchObject({
      code: 'payload_too_large',
      message: 'bad envelope: 10000001 bytes, the limit is 10000000',
    })
  })
})

test('the limit of a transport is to the byte, and nothing is sent over it', () => {
  const { length } = encode()
  expect(encodeEnvelope(envelope, 'Pub/Sub', length)).toHaveLength(length)
  expect(() => encodeEnvelope(envelope, 'Pub/Sub', length - 1)).toThrow(
    expect.objectContaining({
      code: 'payload_too_large',
      message: `the params of "generate-report" make an envelope of ${length} bytes, the limit of Pub/Sub is ${length - 1}; send less, or store them and send where they are`,
      details: { side: 'params', bytes: length, maxBytes: length - 1 },
    }),
  )
})
