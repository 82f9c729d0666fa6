/** Commands invoked through the whole product: client, HTTP, Temporal, an agent in its own process. */
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import { eventually } from './support/eventually.js'
import { errorOf, lines } from './support/outcome.js'

let stack: TestStack
let client: CommandsClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-invoke-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  client = stack.client()
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

describe('results', () => {
  const values = [
    0,
    -1.5,
    1e21,
    false,
    true,
    '',
    'ü\u2028"\\\n',
    null,
    [],
    {},
    [[1], { a: [null] }],
    { 'a.b': { '': 0 } },
  ]

  test.each(values.map((value) => [JSON.stringify(value), value]))('%s arrives as it is', async (_name, value) => {
    expect(await client.invoke('echo', { value })).toStrictEqual(value)
  })

  test('undefined arrives as null', async () => {
    expect(await client.invoke('nothing')).toBeNull()
  })

  test('undefined inside a result is as JSON has it', async () => {
    expect(await client.invoke('nothing-in-lists')).toStrictEqual([null, { b: 1 }])
  })

  test('params left out are an empty object', async () => {
    expect(await client.invoke('params')).toStrictEqual({})
  })

  test.each([[null], [0], ['text'], [[1, 2]]])('params may be any JSON: %j', async (params) => {
    expect(await client.invoke('params', params)).toStrictEqual(params)
  })

  test('a result at the limit arrives whole', async () => {
    const bytes = MAX_PAYLOAD_BYTES - 2
    const result = await client.invoke<string>('large', { file: join(folder, 'at-limit'), bytes })
    expect(result).toHaveLength(bytes)
  })
})

describe('the handler', () => {
  test('learns who called what, and how long it has', async () => {
    const handle = await client.start('context', {}, { timeoutMs: 60_000 })
    const context = await handle.result()
    const [deployment] = stack.state.deployments
    expect(context).toStrictEqual({
      invocationId: handle.id,
      attempt: 1,
      deadline: expect.stringMatching(/^\d{4}-/) as string,
      deployment,
      aborted: false,
    })
  })

  test('has no deadline unless one was set', async () => {
    expect(await client.invoke('context')).toMatchObject({ deadline: null })
  })

  test('gets params as its schema has them', async () => {
    expect(await client.invoke('typed', { user: { ages: [1, 2] } })).toStrictEqual([2, 4])
  })
})

describe('errors of the handler', () => {
  test('reach the caller with name, message, code and details, without a stack', async () => {
    expect(await errorOf(client.invoke('fail'))).toStrictEqual({
      code: 'command_failed',
      message: '"fail" failed: TypeError: no such table',
      details: {
        name: 'TypeError',
        message: 'no such table',
        code: 'E_TABLE',
        details: { table: 'orders', tried: [1, 2] },
      },
    })
  })

  test('may be values that are no errors', async () => {
    expect(await errorOf(client.invoke('fail-without-error'))).toStrictEqual({
      code: 'command_failed',
      message: '"fail-without-error" failed: the handler threw a value that is no error: object',
      details: {
        name: 'Error',
        message: 'the handler threw a value that is no error: object',
        details: { reason: 'because' },
      },
    })
  })

  test('carry their stack when the command allows it', async () => {
    expect(await errorOf(client.invoke('fail-with-stack'))).toMatchObject({
      details: { stack: expect.stringContaining('handlers.ts') as string },
    })
  })

  test('are tried again by the policy of the command', async () => {
    expect(await client.invoke('fail-twice')).toBe(3)
  })

  test('are tried again by the policy of the caller', async () => {
    const retry = { maxAttempts: 2, initialInterval: 10 }
    expect(await errorOf(client.invoke('fail-twice', {}, { retry }))).toMatchObject({
      message: '"fail-twice" failed: attempt 2',
    })
  })

  test('are final when the policy names their code', async () => {
    expect(await errorOf(client.invoke('fail-for-good'))).toMatchObject({
      message: '"fail-for-good" failed: attempt 1',
    })
  })
})

describe('schemas', () => {
  test('refuse params, saying where and what was expected', async () => {
    expect(await errorOf(client.invoke('typed', { user: { ages: [1, 'two'] } }))).toStrictEqual({
      code: 'invalid_params',
      message: 'the params of "typed" break its schema: user.ages[1]: Invalid input: expected number, received string',
      details: { issues: [{ path: 'user.ages[1]', message: 'Invalid input: expected number, received string' }] },
    })
  })

  test('refuse results', async () => {
    expect(await errorOf(client.invoke('typed', { user: { ages: [99] } }))).toMatchObject({
      code: 'invalid_result',
      message: 'the result of "typed" breaks its schema: [0]: Too big: expected number to be <=100',
    })
  })
})

describe('results that cannot travel', () => {
  test.each([
    ['bigint', 'the result of "bigint" is not JSON: Do not know how to serialize a BigInt'],
    ['circular', 'the result of "circular" is not JSON: Converting circular structure to JSON'],
    ['function', 'the result of "function" is not JSON: it is a function'],
  ])('%s', async (name, message) => {
    expect(await errorOf(client.invoke(name))).toStrictEqual({ code: 'invalid_result', message })
  })

  test('a result over the limit is an error, and the command is not run again', async () => {
    const file = join(folder, 'too-large')
    const retry = { maxAttempts: 3, initialInterval: 1 }
    expect(await errorOf(client.invoke('large', { file, bytes: MAX_PAYLOAD_BYTES }, { retry }))).toStrictEqual({
      code: 'payload_too_large',
      message: `the result of "large" is ${MAX_PAYLOAD_BYTES + 2} bytes of JSON, the limit is ${MAX_PAYLOAD_BYTES}; return less, or store it and return where it is`,
      details: { side: 'result', bytes: MAX_PAYLOAD_BYTES + 2, maxBytes: MAX_PAYLOAD_BYTES },
    })
    expect(await lines(file)).toHaveLength(1)
  })

  test('params over the limit start nothing', async () => {
    expect(await errorOf(client.invoke('params', 'x'.repeat(MAX_PAYLOAD_BYTES)))).toMatchObject({
      code: 'payload_too_large',
      message: `the params of "params" are ${MAX_PAYLOAD_BYTES + 2} bytes of JSON, the limit is ${MAX_PAYLOAD_BYTES}; send less, or store them and send where they are`,
    })
  })
})

describe('time', () => {
  test('ends an attempt that takes too long, and tells its handler', async () => {
    const file = join(folder, 'timed-out')
    expect(await errorOf(client.invoke('until-aborted', { file }, { timeoutMs: 300 }))).toStrictEqual({
      code: 'timed_out',
      message: '"until-aborted" did not finish within 300ms',
    })
    await eventually('the handler notices', async () => ((await lines(file)).length === 2 ? true : undefined))
    expect(await lines(file)).toStrictEqual(['started', 'aborted: "until-aborted" did not finish within 300ms'])
  })

  test('ends an invocation at its deadline', async () => {
    const deadline = new Date(Date.now() + 400)
    expect(await errorOf(client.invoke('sleep', { ms: 60_000 }, { deadline }))).toMatchObject({ code: 'timed_out' })
  })

  test('a signal stops the waiting, not the work', async () => {
    const file = join(folder, 'detached')
    const stop = new AbortController()
    const waiting = client.invoke('until-aborted', { file }, { timeoutMs: 2_000, signal: stop.signal })
    await eventually('the handler starts', async () => ((await lines(file)).length > 0 ? true : undefined))
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
    expect(await lines(file)).toStrictEqual(['started'])
  })
})

describe('idempotency', () => {
  test('one key is one run, however many callers', async () => {
    const file = join(folder, 'once')
    const idempotencyKey = 'nightly'
    const calls = Array.from({ length: 20 }, () => client.invoke('count', { file, line: 'a' }, { idempotencyKey }))
    expect(await Promise.all(calls)).toStrictEqual(Array(20).fill('a'))
    expect(await lines(file)).toStrictEqual(['a'])
  })

  test('the order of keys in params does not matter, other params do', async () => {
    const idempotencyKey = 'ordered'
    const first = await client.start('params', { a: 1, b: 2 }, { idempotencyKey })
    const second = await client.start('params', { b: 2, a: 1 }, { idempotencyKey })
    expect(second.id).toBe(first.id)
    expect(await errorOf(client.invoke('params', { a: 2 }, { idempotencyKey }))).toMatchObject({
      code: 'conflict',
      message: expect.stringMatching(
        /^idempotency key "ordered" was used with other params \(SHA-256 [0-9a-f]{64}, now [0-9a-f]{64}\); use a new one for a new call$/,
      ) as string,
      details: {
        invocationId: first.id,
        paramsDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
        usedWithParamsDigest: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      },
    })
  })
})

describe('many at once', () => {
  test('96 invocations, 32 in flight: each its own result, none run twice', async () => {
    const file = join(folder, 'many')
    const todo = Array.from({ length: 96 }, (_, index) => `line ${index}`)
    const results: string[] = []
    const caller = async () => {
      for (let line = todo.pop(); line !== undefined; line = todo.pop()) {
        const result = await client.invoke<string>('count', { file, line })
        expect(result).toBe(line)
        results.push(result)
      }
    }
    await Promise.all(Array.from({ length: 32 }, caller))
    expect(new Set(results).size).toBe(96)
    expect((await lines(file)).sort()).toStrictEqual([...results].sort())
  })
})
