/** The settings of the processes: where they come from, what is said of mistakes, and that docs/configuration.md has them. */
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { describe, expect, onTestFinished, test } from 'vitest'
import { defaultOf } from '../cli/settings.js'
import { PROCESSES, type ProcessName, type Setting } from '../config/settings.js'
import { VARIABLES } from '../config/variables.js'
import { alien } from './support/cli.js'
import { expectTable } from './support/doc-tables.js'

const PAGE = 'docs/configuration.md'

/** A folder with this `alien.config.json`. */
async function folderWith(file: unknown): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-config-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  await writeFile(join(folder, 'alien.config.json'), typeof file === 'string' ? file : JSON.stringify(file))
  return folder
}

describe('alien config print', () => {
  test('tells what each setting comes to, and where from: the variable before the file before the default', async () => {
    const cwd = await folderWith({ server: { port: 7800, host: '0.0.0.0', worker: false }, agent: { grace: '5m' } })
    const env = { ALIEN_PORT: '7900', ALIEN_HOST: '', TEMPORAL_ADDRESS: 'temporal.internal:7233' }
    const { stdout } = await alien(['config', 'print', '--json'], { cwd, env })
    expect(JSON.parse(stdout)).toMatchObject({
      port: { value: '7900', source: 'ALIEN_PORT' },
      host: { value: '0.0.0.0', source: 'alien.config.json' },
      worker: { value: 'false', source: 'alien.config.json' },
      rateLimit: { value: '100', source: 'default' },
      TEMPORAL_ADDRESS: { value: 'temporal.internal:7233', source: 'TEMPORAL_ADDRESS' },
    })
    const agent = await alien(['config', 'print', 'agent', '--json'], { cwd })
    expect(JSON.parse(agent.stdout)).toMatchObject({ grace: { value: '5m', source: 'alien.config.json' } })
  })

  test('shows no secret', async () => {
    const secret = 'sec-ret-'.repeat(8)
    const env = {
      ALIEN_API_KEY: secret,
      DATABASE_URL: `postgres://alien:${secret}@db/alien`,
      TEMPORAL_API_KEY: secret,
      TEMPORAL_TLS_CLIENT_KEY_DATA: secret,
      TEMPORAL_GRPC_META_AUTHORIZATION: secret,
      TEMPORAL_TLS_CLIENT_KEY_PATH: '/run/secrets/key',
    }
    const { stdout, stderr } = await alien(['config', 'print', 'server', '--json'], { env })
    expect(stdout + stderr).not.toContain(secret)
    expect(JSON.parse(stdout)).toMatchObject({
      apiKey: { value: '[hidden]', source: 'ALIEN_API_KEY' },
      TEMPORAL_TLS_CLIENT_KEY_PATH: { value: '/run/secrets/key' },
    })
  })

  test('tells every mistake at once, and no secret with them', async () => {
    const cwd = await folderWith({ server: { rateLimit: 'many', prt: 1, host: ['a'] }, agnt: {} })
    const env = {
      ALIEN_PORT: 'x',
      ALIEN_API_KEY: 'too-short',
      DATABASE_URL: 'mysql://alien:pass-word@db',
      ALIEN_WORKER: 'yes',
      ALIEN_TRUST_PROXY: 'bogus',
      ALIEN_PUBLIC_URL: 'https://user:pass-word@alien.example.com',
      ALIEN_TLS_CERT: 'tls.crt',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'http://127.0.0.1:4317',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grpc',
      OTEL_TRACES_SAMPLER: 'always_on',
    }
    const { exitCode, stderr } = await alien(['config', 'print'], { cwd, env })
    expect(exitCode).toBe(2)
    expect(stderr.split('\n')).toEqual([
      'error invalid_request: 13 settings are wrong:',
      '  alien.config.json: there is no process "agnt"; the nearest name is "agent"',
      '  alien.config.json: server has no setting "prt"; the nearest name is "port"',
      '  alien.config.json: server.host must be a text, a number, true or false',
      '  ALIEN_PORT "x" must be a number from 0 (a free one) to 65535',
      '  ALIEN_API_KEY must have at least 32 characters',
      '  ALIEN_TRUST_PROXY "bogus" must be how many proxies there are, or their addresses, like "10.0.0.0/8, loopback"',
      '  ALIEN_WORKER "yes" must be true or false',
      '  DATABASE_URL must start with "postgres://"',
      '  ALIEN_PUBLIC_URL "https://[hidden]@alien.example.com" must be an http or https URL without user and password, like https://alien.example.com',
      '  alien.config.json: rateLimit "many" must be a number of calls a second up to 1000000, or 0 for no limit',
      '  TLS needs both --tls-cert and --tls-key',
      `  OTEL_EXPORTER_OTLP_PROTOCOL is "grpc", and only http/protobuf is spoken here; give the collector's HTTP address, mostly port 4318`,
      '  OTEL_TRACES_SAMPLER is "always_on"; it may be parentbased_always_on, parentbased_always_off or parentbased_traceidratio',
    ])
  })

  test.each(['https://user:pass/word@alien.example.com', 'user:pass-word@alien.example.com'])(
    'a URL that is none, %s, is told without its password',
    async (url) => {
      const { stderr } = await alien(['config', 'print'], { env: { ALIEN_PUBLIC_URL: url } })
      expect(stderr).toMatch(
        /^error invalid_request: ALIEN_PUBLIC_URL "(https:\/\/)?\[hidden\]@alien.example.com" must be an http or https URL /,
      )
    },
  )

  test.each([
    [
      'a file that is no JSON, which may hold secrets',
      '{"server": sec-ret',
      'alien.config.json must be JSON, an object with',
    ],
    ['a file that is no object', '[]', 'alien.config.json must be JSON, an object with'],
  ])('refuses %s', async (_what, file, message) => {
    const { exitCode, stderr } = await alien(['config', 'print'], { cwd: await folderWith(file) })
    expect([exitCode, stderr.includes('sec-ret')]).toStrictEqual([2, false])
    expect(stderr).toContain(message)
  })

  test('a file that is named must be there', async () => {
    const { exitCode, stderr } = await alien(['config', 'print'], {
      env: { ALIEN_CONFIG: '/nowhere/alien.config.json' },
    })
    expect([exitCode, stderr]).toStrictEqual([
      2,
      'error invalid_request: cannot read the configuration file /nowhere/alien.config.json: ENOENT',
    ])
  })
})

test('a flag comes before the variable, and the processes go by the file', async () => {
  const cwd = await folderWith({ server: { host: '0.0.0.0' } })
  const { stderr } = await alien(['server', '--port', 'x'], { cwd, env: { ALIEN_PORT: '7900' } })
  expect(stderr).toBe('error invalid_request: --port "x" must be a number from 0 (a free one) to 65535')
  const plain = await alien(['server', '--port', '0'], { cwd })
  expect(plain.stderr).toContain('plain text on 0.0.0.0 would show tokens to the network')
})

test('a certificate that cannot be read leaves the registry as it was', async () => {
  const cwd = await folderWith({})
  const env = { ALIEN_TLS_CERT: '/nowhere/tls.crt', ALIEN_TLS_KEY: '/nowhere/tls.key', TEMPORAL_ADDRESS: '127.0.0.1:9' }
  const { exitCode, stderr } = await alien(['server', '--port', '0', '--state-dir', join(cwd, 'state')], { cwd, env })
  expect(exitCode).toBe(2)
  expect(stderr).toContain('cannot use the certificate /nowhere/tls.crt with the key /nowhere/tls.key: ENOENT')
  expect(await readdir(cwd)).toStrictEqual(['alien.config.json'])
})

describe(PAGE, () => {
  const cell = (text: string): string => text.replaceAll('|', '\\|')

  test.each(Object.keys(PROCESSES) as ProcessName[])('has the settings of %s', async (name) => {
    const rows = Object.entries<Setting>(PROCESSES[name]).map(([key, setting]) => [
      `\`${key}\``,
      `\`${setting.flag}\``,
      `\`${setting.env}\``,
      cell(setting.description),
      cell(defaultOf(setting) ?? ''),
    ])
    await expectTable(PAGE, name, ['in the file', 'flag', 'variable', 'what', 'default'], rows)
  })

  test('has the other variables', async () => {
    const rows = VARIABLES.map(({ name, of, description }) => [`\`${name}\``, of, cell(description)])
    await expectTable(PAGE, 'variables', ['variable', 'whose', 'what'], rows)
  })

  test('has every variable of ours that the sources name', async () => {
    const { include } = JSON.parse(await readFile('tsconfig.build.json', 'utf8')) as { include: string[] }
    const known = new Set([
      ...Object.values(PROCESSES).flatMap((settings) => Object.values<Setting>(settings).map(({ env }) => env)),
      ...VARIABLES.map(({ name }) => name),
    ])
    const named = new Set<string>()
    for (const folder of include.filter((entry) => !entry.includes('*'))) {
      for (const file of await readdir(folder, { recursive: true })) {
        if (!file.endsWith('.ts') || /\.(test|testsuite|leg)\.ts$/.test(file)) continue
        const text = await readFile(join(folder, file), 'utf8')
        for (const [, name = ''] of text.matchAll(/['"{ ](ALIEN_[A-Z_]*[A-Z]|DATABASE_URL|SERVICEBUS_\w+)['"}:, ]/g))
          named.add(name)
      }
    }
    expect(named.size).toBeGreaterThan(20)
    expect([...named].filter((name) => !known.has(name) && !/_BINDING$/.test(name))).toStrictEqual([])
  })
})
