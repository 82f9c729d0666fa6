/** What goes wrong between the parts: lost agents, absent agents, operators in Temporal's own UI. */
import { Client, Connection } from '@temporalio/client'
import type { CommandsClient } from '@alienplatform/sdk/commands'
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { RETRIES } from '../temporal/retries.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'
import { errorOf, lines } from './support/outcome.js'

let stack: TestStack
let client: CommandsClient
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'alien-trouble-'))
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  client = stack.client()
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true, force: true })
})

/** The line that a handler writes as it starts. */
const firstLine = (file: string): Promise<string> =>
  eventually('the handler starts', async () => (await lines(file))[0])

const killAgentOf = (line: string): void => {
  process.kill(Number(/process (\d+)/.exec(line)?.[1]), 'SIGKILL')
}

/** Less than the default, so that a killed agent is noticed sooner. */
const LOST_SOON = { heartbeatTimeoutMs: 3_000 }

describe('an agent killed in the middle of a handler', () => {
  test('the next one gets attempt 2', async () => {
    const file = join(folder, 'killed')
    const invocation = client.invoke('hang-once', { file }, LOST_SOON)
    killAgentOf(await firstLine(file))
    expect(await invocation).toBe(2)
    expect(await lines(file)).toStrictEqual([
      expect.stringMatching(/^attempt 1, /) as string,
      expect.stringMatching(/^attempt 2, /) as string,
    ])
  })

  test('an at-most-once command is not run again, and its outcome is unknown', async () => {
    const file = join(folder, 'killed-at-most-once')
    const invocation = errorOf(client.invoke('hang-at-most-once', { file }, LOST_SOON))
    killAgentOf(await firstLine(file))
    const message =
      /^"hang-at-most-once" is at-most-once and was not run again: attempt 1 began at (.*), and its agent ended or was cut off before the handler did$/
    expect(await invocation).toStrictEqual({
      code: 'outcome_unknown',
      message: expect.stringMatching(message) as string,
      details: { attempt: 1, startedAt: expect.stringMatching(/^20.*Z$/) as string },
    })
    expect(await lines(file)).toHaveLength(1)
  })
})

test('an agent told to stop gives back what its handlers did not finish', async () => {
  const file = join(folder, 'stopped')
  const invocation = client.invoke('until-stopped', { file })
  const agent = Number(/process (\d+)/.exec(await firstLine(file))?.[1])
  process.kill(agent, 'SIGTERM')
  expect(await invocation).toBe(2)
  expect(await lines(file)).toHaveLength(2)
})

describe('a deployment without an agent', () => {
  test('waits for its queue time-out, and nothing ran', async () => {
    const { token } = stack.state
    await callApi(stack.state, token, 'POST', '/v1/deployments', { name: 'nobody-home' })
    const handle = await stack.client('nobody-home').start('anything', {}, { timeoutMs: 700 })
    expect(await handle.status()).toBe('queued')
    expect(await errorOf(handle.result())).toStrictEqual({
      code: 'deployment_offline',
      message: 'no agent of "nobody-home" took "anything" within 700ms; nothing ran',
    })
    expect(await handle.status()).toBe('expired')
  })

  test('a deadline that is over while it waits says the same', async () => {
    const deadline = new Date(Date.now() + 700)
    const invocation = stack.client('nobody-home').invoke('anything', {}, { deadline })
    expect(await errorOf(invocation)).toMatchObject({ code: 'deployment_offline' })
  })
})

describe('an operator in Temporal', () => {
  let connection: Connection
  let temporal: Client

  beforeAll(async () => {
    connection = await Connection.connect({ address: stack.state.temporalAddress, interceptors: RETRIES })
    temporal = new Client({ connection })
  })
  afterAll(() => connection.close())

  test('reads what ran, where, and how it went', async () => {
    const handle = await client.start('echo', { value: 1 })
    await handle.result()
    const workflow = temporal.workflow.getHandle(handle.id)
    const description = await workflow.describe()
    expect(handle.id).toMatch(/^inv_echo_/)
    expect(await description.staticSummary()).toBe('echo on acme-corp')
    const attributes = description.typedSearchAttributes.getAll().map(({ key, value }) => [key.name, value])
    expect(Object.fromEntries(attributes)).toMatchObject({ AlienDeployment: 'acme-corp', AlienCommand: 'echo' })
    const { events } = await workflow.fetchHistory()
    const scheduled = events?.find((event) => event.activityTaskScheduledEventAttributes)
    expect(scheduled?.activityTaskScheduledEventAttributes).toMatchObject({
      activityId: 'attempt-1',
      activityType: { name: 'echo' },
    })
    expect(Buffer.from(scheduled?.userMetadata?.summary?.data ?? []).toString()).toBe('"attempt 1 on acme-corp"')
  })

  test('cancels an invocation: the handler is told, the caller too', async () => {
    const file = join(folder, 'canceled')
    const handle = await client.start('until-aborted', { file })
    await firstLine(file)
    await temporal.workflow.getHandle(handle.id).cancel()
    expect(await errorOf(handle.result())).toMatchObject({
      code: 'canceled',
      message: '"until-aborted" was canceled, and its handler stopped (asked for in Temporal)',
    })
    expect(await handle.status()).toBe('canceled')
    await eventually('the handler notices', async () => (await lines(file))[1])
  })

  test('terminates an invocation: nobody can say whether the handler finished', async () => {
    const file = join(folder, 'terminated')
    const handle = await client.start('until-aborted', { file })
    await firstLine(file)
    await temporal.workflow.getHandle(handle.id).terminate('enough')
    expect(await errorOf(handle.result())).toStrictEqual({
      code: 'outcome_unknown',
      message: 'the workflow was terminated in Temporal; whether the handler finished is unknown',
    })
    expect(await handle.status()).toBe('failed')
  })
})
