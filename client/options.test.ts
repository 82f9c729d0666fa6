import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { resolveClientOptions, resolveUrl, type CommandsClientOptions } from './options.js'

let folder: string

/** A folder in which a development server says that it runs at port 1. */
beforeEach(async () => {
  folder = await scratchDirectory()
  await mkdir(join(folder, '.alien'))
  await writeFile(
    join(folder, '.alien', 'dev.json'),
    JSON.stringify({ status: 'ready', pid: process.pid, url: 'http://127.0.0.1:1' }),
  )
})

function enter(dir: string): void {
  const before = process.cwd()
  onTestFinished(() => process.chdir(before))
  process.chdir(dir)
}

describe('the URL', () => {
  test('is the one given, whatever else there is', () => {
    enter(folder)
    expect(resolveUrl('https://given.example', { ALIEN_URL: 'https://env.example' })).toBe('https://given.example')
  })

  test('is else that of ALIEN_URL', () => {
    enter(folder)
    expect(resolveUrl(undefined, { ALIEN_URL: 'https://env.example' })).toBe('https://env.example')
  })

  test('is else that of the development server of this folder', () => {
    enter(folder)
    expect(resolveUrl(undefined, {})).toBe('http://127.0.0.1:1')
    expect(resolveUrl(undefined, { ALIEN_URL: '' })).toBe('http://127.0.0.1:1')
  })

  test('is else that of the state folder that is named', async () => {
    enter(await scratchDirectory())
    expect(resolveUrl(undefined, { ALIEN_STATE_DIR: join(folder, '.alien') })).toBe('http://127.0.0.1:1')
  })

  test('is else where a control plane listens by itself', async () => {
    enter(await scratchDirectory())
    expect(resolveUrl(undefined, {})).toBe('http://127.0.0.1:7700')
  })

  test.each(['', 'localhost:7700', 'ftp://files.example', '/v1', 'not a url'])('%j is refused', (url) => {
    expect(() => resolveUrl(url, {})).toThrow(
      expect.objectContaining({
        name: 'CommandError',
        code: 'invalid_request',
        message: `url "${url}" must be an http or https URL, like http://127.0.0.1:7700`,
      }),
    )
  })
})

test('options are resolved once, into a frozen value', () => {
  const options = { deploymentId: 'acme-corp', token: 'key_1', url: 'https://given.example' }
  const resolved = resolveClientOptions(options)
  expect(resolved).toEqual({ deployment: 'acme-corp', token: 'key_1', baseUrl: 'https://given.example' })
  expect(Object.isFrozen(resolved)).toBe(true)
})

describe('plain text', () => {
  const resolve = (url: string, given: Partial<CommandsClientOptions> = {}, env: NodeJS.ProcessEnv = {}) =>
    resolveClientOptions({ deploymentId: 'acme-corp', token: 'key_1', url, ...given }, env).baseUrl

  test.each(['http://127.0.0.1:7700', 'http://localhost:7700', 'http://[::1]:7700'])('stays here with %s', (url) => {
    expect(resolve(url)).toBe(url)
  })

  const AWAY = 'http://commands.vendor.example'
  const refused = (message: string) => expect.objectContaining({ code: 'invalid_request', message }) as Error
  const WOULD_SHOW = `${AWAY} would send the API key and all results in plain text; use https, or insecurePlaintext (--insecure-plaintext, ALIEN_INSECURE_PLAINTEXT=true) on a network that is private`

  test.each<[Partial<CommandsClientOptions>, NodeJS.ProcessEnv]>([
    [{}, {}],
    [{}, { ALIEN_INSECURE_PLAINTEXT: 'false' }],
    [{ insecurePlaintext: false }, { ALIEN_INSECURE_PLAINTEXT: 'true' }],
  ])('goes to no other machine with %j and %j', (given, env) => {
    expect(() => resolve(AWAY, given, env)).toThrow(refused(WOULD_SHOW))
  })

  test.each<[Partial<CommandsClientOptions>, NodeJS.ProcessEnv]>([
    [{ insecurePlaintext: true }, {}],
    [{}, { ALIEN_INSECURE_PLAINTEXT: '1' }],
  ])('goes there with %j and %j', (given, env) => {
    expect(resolve(AWAY, given, env)).toBe(AWAY)
  })

  test('is allowed by no variable that says neither yes nor no', () => {
    expect(() => resolve(AWAY, {}, { ALIEN_INSECURE_PLAINTEXT: 'yes' })).toThrow(
      refused('ALIEN_INSECURE_PLAINTEXT "yes" must be true or false'),
    )
  })
})

test.each<[code: string, message: string, options: Partial<CommandsClientOptions>]>([
  ['invalid_request', 'deploymentId is required: the id or the name of a deployment', { token: 'key_1' }],
  ['invalid_request', 'deploymentId is required: the id or the name of a deployment', { deploymentId: '', token: 'k' }],
  [
    'unauthenticated',
    'token is required: an API key of the control plane ("key_…")',
    { deploymentId: 'acme-corp', token: '' },
  ],
  ['unauthenticated', 'token is required: an API key of the control plane ("key_…")', { deploymentId: 'acme-corp' }],
])('%s: %s', (code, message, options) => {
  expect(() => resolveClientOptions(options as CommandsClientOptions, {})).toThrow(
    expect.objectContaining({ name: 'CommandError', code, message }),
  )
})
