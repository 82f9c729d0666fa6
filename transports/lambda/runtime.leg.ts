/** The zip that `alien build` makes, in ministack, invoked both ways, and in Amazon's own runtime. */
import { InvokeCommand, PutFunctionEventInvokeConfigCommand } from '@aws-sdk/client-lambda'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { lambdaZip } from '../../tests/cloud/lambda-zip.js'
import { leg } from '../../tests/cloud/leg.js'
import { startLambdaRuntime, type InvokeLambda } from '../../tests/cloud/lambda-runtime-api.js'
import { startMinistack } from '../../tests/cloud/servers.js'
import { createFunction, useLambda } from '../../tests/transports/lambda-road.js'
import { unzipInto } from '../../tests/support/unzipped.js'
import { TestControlPlane, testEnvelope } from '../runtime/control-plane.testsuite.js'

const HANDLERS = `
import { appendFile } from 'node:fs/promises'
import { command } from '@alienplatform/sdk'
command('echo', (value) => value)
command('effect', { params: undefined }, async ({ file }) => { await appendFile(file, '.'); return 'done' })
command('throws', () => { throw Object.assign(new TypeError('no disk'), { code: 'E_DISK' }) })
`

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-lambda-'))
  afterAll(() => rm(folder, { recursive: true, force: true }))
  return folder
}

const folder = await newFolder()
const zip = await lambdaZip(HANDLERS)

const environment = (plane: TestControlPlane) => ({
  ALIEN_URL: plane.url,
  ALIEN_DEPLOYMENT_ID: 'acme-corp',
  // Deliveries at once are several processes.
  ALIEN_RUNS_STORAGE: 'runs',
  ALIEN_RUNS_BINDING: JSON.stringify({ service: 'local', path: join(folder, 'runs') }),
})

/** The same in ministack and in Amazon's runtime. */
function testAnswers(invoke: InvokeLambda, plane: TestControlPlane): void {
  const returned = (command: string, params: null | object | number, unique: string) =>
    invoke(testEnvelope(plane.url, { command, params: params as never, unique, response: { isReturned: true } }))

  test('a result is returned', async () => {
    await expect(returned('echo', { a: [0, null, ''] }, '0000000000000001')).resolves.toStrictEqual({
      isError: false,
      payload: { attempt: 1, status: 'succeeded', result: { a: [0, null, ''] } },
    })
  })

  test('an error is returned, and is none of the function', async () => {
    const { isError, payload } = await returned('throws', null, '0000000000000002')
    expect(isError).toBe(false)
    expect(payload).toMatchObject({ status: 'failed', error: { code: 'command_failed', details: { code: 'E_DISK' } } })
  })

  test('what is no envelope is an error of the function', async () => {
    const { isError, payload } = await invoke({ no: 'envelope' })
    expect(isError).toBe(true)
    expect(payload).toMatchObject({ errorMessage: expect.stringContaining('bad envelope: ') as string })
  })

  test('a response is reported', async () => {
    const envelope = testEnvelope(plane.url, { command: 'echo', params: 7, unique: '0000000000000003' })
    await invoke(envelope)
    expect(await plane.responseOf(envelope)).toStrictEqual({ attempt: 1, status: 'succeeded', result: 7 })
  })
}

await leg(
  'Lambda on ministack',
  async () => {
    const endpoint = await startMinistack()
    const client = useLambda(endpoint)
    const plane = await TestControlPlane.start(afterAll)
    await createFunction(client, 'alien', zip, environment(plane), { Timeout: 30 })
    return { client, plane }
  },
  ({ client, plane }) => {
    const invoke: InvokeLambda = async (event) => {
      const { FunctionError, Payload } = await client.send(
        new InvokeCommand({ FunctionName: 'alien', Payload: JSON.stringify(event) }),
      )
      return {
        isError: FunctionError !== undefined,
        payload: JSON.parse(Buffer.from(Payload ?? []).toString()) as unknown,
      }
    }
    testAnswers(invoke, plane)

    describe('as an event', () => {
      const send = (event: unknown) =>
        client.send(
          new InvokeCommand({ FunctionName: 'alien', InvocationType: 'Event', Payload: JSON.stringify(event) }),
        )

      test('it is accepted, and reported', async () => {
        const envelope = testEnvelope(plane.url, { command: 'echo', params: false, unique: '0000000000000004' })
        expect((await send(envelope)).StatusCode).toBe(202)
        expect(await plane.responseOf(envelope)).toMatchObject({ result: false })
      })

      test('delivered five times at once, to several processes, it has one effect', async () => {
        const file = join(folder, 'effects')
        const envelope = testEnvelope(plane.url, { command: 'effect', params: { file }, unique: '0000000000000005' })
        await Promise.all(Array.from({ length: 5 }, () => invoke(envelope)))
        expect(await readFile(file, 'utf8')).toBe('.')
      })

      test('a poison message is delivered again as often as is configured, and its invocation hears why', async () => {
        await client.send(new PutFunctionEventInvokeConfigCommand({ FunctionName: 'alien', MaximumRetryAttempts: 1 }))
        const envelope = { ...testEnvelope(plane.url, { unique: '0000000000000006' }), version: 2 }
        await send(envelope)
        const told = () =>
          plane.responses.filter(
            (response) => response.status === 'failed' && response.error.code === 'invalid_request',
          )
        await plane.until(() => told().length === 2)
        expect(told()[0]).toMatchObject({ error: { message: expect.stringContaining('it is of version 2') as string } })
      })
    })
  },
)

await leg(
  "Lambda in Amazon's own runtime",
  async () => {
    const plane = await TestControlPlane.start(afterAll)
    const taskRoot = await newFolder()
    await unzipInto(taskRoot, zip)
    return { invoke: await startLambdaRuntime(taskRoot, environment(plane)), plane }
  },
  ({ invoke, plane }) => testAnswers(invoke, plane),
)
