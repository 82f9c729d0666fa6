/** How commands come to a deployment: set and shown by API and command line. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { alien, type CliAnswer } from './support/cli.js'
import { callApi } from './support/http.js'

const functionArn = 'arn:aws:lambda:eu-central-1:123456789012:function:commands'
const roleArn = 'arn:aws:iam::123456789012:role/alien'

let stack: TestStack
let folder: string

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts' })
  folder = await mkdtemp(join(tmpdir(), 'alien-transports-'))
})

afterAll(async () => {
  await stack.close()
  await rm(folder, { recursive: true })
})

const run = (...args: string[]): Promise<CliAnswer> =>
  alien(args, { cwd: folder, env: { ALIEN_URL: stack.state.url, ALIEN_TOKEN: stack.state.token } })

const api = (method: string, path: string, body?: unknown) =>
  callApi(stack.state, stack.state.token, method, path, body)

test('a deployment that is pushed to has no agent token, and is shown with where it is', async () => {
  const lambda = [
    '--transport',
    'lambda',
    '--function-arn',
    functionArn,
    '--role-arn',
    roleArn,
    '--external-id',
    'a-7f',
  ]
  const { exitCode, stdout, stderr } = await run('deployments', 'create', 'initech', ...lambda)
  expect(stdout).toMatch(
    new RegExp(`^id {11}dep_[a-z2-7]{20}\\nname {9}initech\\npushed to {4}Lambda function ${functionArn}$`),
  )
  expect(stderr).toBe('')
  expect(exitCode).toBe(0)

  expect((await run('deployments', 'list')).stdout).toMatch(/^dep_\w+ +initech +lambda +- +- /m)
  const { body } = await api('GET', '/v1/deployments/initech')
  expect(body.transport).toEqual({ kind: 'lambda', functionArn, roleArn, externalId: 'a-7f', invocation: 'event' })
  expect(body.online).toBe(false)
})

test('how commands come to a deployment may change', async () => {
  await run('deployments', 'create', 'hooli')
  const pubsub = ['--transport', 'pubsub', '--topic', 'projects/acme-prod/topics/commands']
  expect(await run('deployments', 'set-transport', 'hooli', ...pubsub)).toEqual({
    exitCode: 0,
    stdout: '',
    stderr: 'hooli is served by Pub/Sub topic projects/acme-prod/topics/commands',
  })
  const bus = ['--transport', 'service-bus', '--namespace', 'acme.servicebus.windows.net', '--queue', 'commands']
  const changed = JSON.parse((await run('deployments', 'set-transport', 'hooli', ...bus, '--json')).stdout) as object
  expect(changed).toMatchObject({
    name: 'hooli',
    transport: { kind: 'service-bus', namespace: 'acme.servicebus.windows.net', queue: 'commands' },
  })
  expect((await run('deployments', 'set-transport', 'hooli')).stderr).toBe('hooli is served by agents')
  expect((await api('GET', '/v1/deployments/hooli')).body).not.toHaveProperty('transport')
})

test('its commands are told with it, since no agent publishes them', async () => {
  const manifest = join(folder, 'manifest.json')
  await writeFile(manifest, JSON.stringify({ commands: [{ name: 'generate-report', policy: { timeout: '5m' } }] }))
  const topic = ['--transport', 'pubsub', '--topic', 'projects/acme-prod/topics/commands', '--manifest', manifest]
  await run('deployments', 'create', 'umbrella', ...topic)
  expect((await run('deployments', 'commands', 'umbrella')).stdout).toMatch(/^generate-report/m)
  const { status, body } = await api('POST', '/v1/invocations', { deployment: 'umbrella', command: 'generate-repotr' })
  expect({ status, code: body.error.code }).toEqual({ status: 404, code: 'command_not_found' })

  await writeFile(manifest, JSON.stringify({ commands: [{ name: 'list-files', policy: {} }] }))
  await run('deployments', 'set-transport', 'umbrella', ...topic)
  expect((await run('deployments', 'commands', 'umbrella')).stdout).not.toContain('generate-report')
})

test('what another kind of transport had is forgotten with it, and stays while it is the same', async () => {
  const manifest = join(folder, 'manifest.json')
  await writeFile(manifest, JSON.stringify({ commands: [{ name: 'generate-report', policy: {} }] }))
  const topic = (name: string) => ['--transport', 'pubsub', '--topic', `projects/acme-prod/topics/${name}`]
  const commands = async () => (await run('deployments', 'commands', 'wayne', '--json')).stdout
  await run('deployments', 'create', 'wayne', ...topic('one'), '--manifest', manifest)
  await run('deployments', 'set-transport', 'wayne', ...topic('two'))
  expect(await commands()).toContain('generate-report')
  await run('deployments', 'set-transport', 'wayne', '--transport', 'lambda', '--function-arn', functionArn)
  expect(await commands()).not.toContain('generate-report')
})

describe('is refused with what is wrong', () => {
  const withoutRequest = (text: string): string => text.replace(/ \(request req_[\w-]+\)$/, '')

  test.each<[string[], string]>([
    [['--transport', 'lambda'], '--transport lambda needs --function-arn'],
    [['--transport', 'service-bus'], '--transport service-bus needs --namespace and --queue'],
    [['--topic', 'x'], '--topic is for --transport pubsub, not for pull'],
    [
      ['--transport', 'lambda', '--function-arn', 'f'],
      'bad transport: transport.functionArn: must be the ARN of a function, like "arn:aws:lambda:eu-central-1:123456789012:function:commands"',
    ],
    [
      ['--transport', 'lambda', '--function-arn', functionArn, '--external-id', 'x1'],
      'bad transport: transport.externalId: is for a role; give roleArn as well',
    ],
    [['--manifest', 'nowhere.json'], 'cannot read the manifest nowhere.json: ENOENT'],
  ])('%j', async (args, message) => {
    const { exitCode, stderr } = await run('deployments', 'set-transport', 'acme-corp', ...args)
    expect(withoutRequest(stderr)).toBe(`error invalid_request: ${message}`)
    expect(exitCode).toBe(2)
  })

  test.each<[string, string]>([
    ['{', 'cannot read the manifest manifest.json: it is no JSON'],
    ['[]', 'manifest.json is no manifest: it has no list "commands"'],
  ])('the manifest %s', async (content, message) => {
    await writeFile(join(folder, 'manifest.json'), content)
    const { stderr } = await run('deployments', 'set-transport', 'acme-corp', '--manifest', 'manifest.json')
    expect(stderr).toBe(`error invalid_request: ${message}`)
  })
})
