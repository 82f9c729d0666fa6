/** What `docker-compose.yml` promises to whoever runs it. */
import { readFile } from 'node:fs/promises'
import { expect, test } from 'vitest'
import { parse } from 'yaml'
import { PROCESSES, type Setting } from '../../config/settings.js'
import { SEARCH_ATTRIBUTES } from '../../protocol/names.js'
import { startDevArgs } from '../../temporal/dev-server-args.js'
import { COMPOSE_FILE, readCompose, startOrder } from './compose-file.js'

const text = await readFile(COMPOSE_FILE, 'utf8')
const example = await readFile('.env.example', 'utf8')

/** As in a copy of `.env.example`. */
const variables = Object.fromEntries(
  [...example.matchAll(/^(\w+)=(.*)$/gm)].map(([, name = '', value = '']) => [name, value]),
)
const compose = await readCompose(variables)
const services = Object.entries(compose.services)
/** As they are written. */
const written = (parse(text, { merge: true }) as { services: Record<string, Record<string, unknown>> }).services

test('every setting is in .env.example, and nothing else', () => {
  const used = [...text.matchAll(/\$\{(\w+)/g)].map(([, name]) => name)
  const documented = [...example.matchAll(/^#?([A-Z_]+)=/gm)].map(([, name]) => name)
  expect(documented.sort()).toStrictEqual([...new Set(used)].sort())
})

test('what is needed and was not given is named, all of it at once', async () => {
  await expect(readCompose({})).rejects.toThrow(
    'no value for REGISTRY_DB_PASSWORD, POSTGRES_PASSWORD, TEMPORAL_DB_PASSWORD, ALIEN_API_KEY, TLS_CERT_FILE, TLS_KEY_FILE',
  )
})

test('no password, key or token has a default', () => {
  const secrets = services.flatMap(([name]) =>
    Object.entries((written[name]?.['environment'] ?? {}) as Record<string, string>)
      .filter(
        ([key, value]) => /PASSWORD|PWD|TOKEN|API_KEY|DATABASE_URL/.test(key) && !value.startsWith('/run/secrets/'),
      )
      .map(([key, value]) => ({ key, value })),
  )
  expect(secrets.length).toBeGreaterThan(7)
  // An agent's token is made once everything runs.
  const without = secrets.filter(({ key, value }) => !/\$\{\w+:\?/.test(value) && key !== 'ALIEN_TOKEN')
  expect(without).toStrictEqual([])
  expect(secrets.find(({ key }) => key === 'ALIEN_TOKEN')?.value).toBe('${AGENT_TOKEN:-}')
})

test('what can be reached from outside is the control plane, and from this machine the Web UI', () => {
  const ports = services.filter(([, { ports }]) => ports.length > 0).map(([name, { ports }]) => [name, ports])
  expect(ports).toStrictEqual([
    ['temporal-ui', ['127.0.0.1:8080:8080']],
    ['control-plane', ['7700:7700']],
  ])
})

test('an agent can reach the control plane and nothing else; databases and Temporal have no way out', () => {
  const beside = (network: string) =>
    services.filter(([, { networks }]) => networks.includes(network)).map(([name]) => name)
  expect(compose.services['agent']?.networks).toStrictEqual(['agents'])
  expect(beside('agents')).toStrictEqual(['control-plane', 'agent'])
  for (const name of ['postgres', 'temporal']) expect(compose.services[name]?.networks).toStrictEqual(['backend'])
  expect(compose.networks['backend']).toStrictEqual({ internal: true })
})

/** PostgreSQL's have two numbers. */
const FULL_VERSION = /^(postgres:\d+\.\d+|[\w/-]+:\d+\.\d+\.\d+)(-[a-z-]+)?$/

test('our images are made from one version of Node', async () => {
  const dockerfile = await readFile('Dockerfile', 'utf8')
  const [, image] = /^ARG NODE_IMAGE=(.*)$/m.exec(dockerfile) ?? []
  expect(image).toMatch(FULL_VERSION)
  const [...bases] = dockerfile.matchAll(/^FROM (\S+) AS (\S+)$/gm)
  const own = bases.map(([, , name]) => name)
  expect(new Set(bases.map(([, from]) => from).filter((from) => !own.includes(from)))).toEqual(
    new Set(['${NODE_IMAGE}']),
  )
})

test.each(services)('%s has limits, a log that ends, and a full version', (name, service) => {
  expect(service.deploy.resources.limits).toMatchObject({ cpus: /^[\d.]+$/, memory: /^\d+[mg]$/ })
  expect(written[name]).toMatchObject({ logging: { options: { 'max-size': '20m', 'max-file': '5' } } })
  // Those that are built here are what is checked out.
  if (!service.image.startsWith('alien-')) expect(service.image).toMatch(FULL_VERSION)
})

test.each(services.filter(([, { image }]) => image.startsWith('alien-')))(
  '%s has no rights, and writes to its volume only',
  (name) => {
    expect(written[name]).toMatchObject({
      read_only: true,
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
    })
  },
)

test('each process of ours is healthy when it is ready', () => {
  const ours = services.filter(([, { image }]) => image.startsWith('alien-'))
  const asked = ours.map(([name, { healthcheck }]) => [name, healthcheck?.test.at(-1)])
  expect(asked).toStrictEqual([
    ['control-plane', 'https://127.0.0.1:7700/readyz'],
    ['vendor-worker', 'http://127.0.0.1:9464/readyz'],
    ['agent', 'http://127.0.0.1:9464/readyz'],
  ])
  // Where it listens.
  for (const name of ['vendor-worker', 'agent']) {
    expect(compose.services[name]?.environment).toMatchObject({
      ALIEN_METRICS_PORT: '9464',
      ALIEN_METRICS_HOST: '127.0.0.1',
    })
  }
})

test('both vendor workers go by the same settings: which of them pushes is for Temporal to say', async () => {
  const given = { ...variables, ALIEN_PUBLIC_URL: 'https://commands.vendor.example' }
  const { services } = await readCompose(given)
  const [inside, apart] = ['control-plane', 'vendor-worker'].map((name) =>
    Object.values<Setting>(PROCESSES.worker).map(({ env }) => [env, services[name]?.environment[env]]),
  )
  expect(apart).toStrictEqual(inside)
  expect(apart).toContainEqual(['ALIEN_PUBLIC_URL', given.ALIEN_PUBLIC_URL])
})

test('what others wait for says when it is healthy, or ends', () => {
  for (const [name, { depends_on }] of services) {
    for (const [dependency, { condition }] of Object.entries(depends_on)) {
      const { healthcheck } = compose.services[dependency] ?? {}
      expect([name, dependency, condition === 'service_healthy']).toStrictEqual([
        name,
        dependency,
        healthcheck !== undefined,
      ])
    }
  }
})

test('they start in an order in which nobody waits for what comes later', () => {
  expect(startOrder(compose.services)).toStrictEqual([
    'postgres',
    'temporal-schema',
    'temporal',
    'temporal-namespace',
    'temporal-ui',
    'control-plane',
    'vendor-worker',
    'agent',
  ])
})

test("Temporal's dynamic configuration is that of the embedded one", async () => {
  const settings = parse(await readFile('ops/temporal/dynamic-config.yaml', 'utf8')) as Record<
    string,
    { value: unknown }[]
  >
  const layout = { host: '', port: 0, uiPort: 0, namespace: '', dbFilename: undefined, searchAttributes: {} }
  const args = startDevArgs(layout)
  const embedded = args.filter((_, index) => args[index - 1] === '--dynamic-config-value')
  const own = Object.entries(settings).flatMap(([name, values]) =>
    values.map(({ value }) => `${name}=${String(value)}`),
  )
  expect(own).toStrictEqual(embedded)
})

test('the namespace has the search attributes of invocations', async () => {
  const script = await readFile('ops/temporal/create-namespace.sh', 'utf8')
  const created = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name, type]) => [name, type])
  expect(Object.fromEntries(created)).toStrictEqual(SEARCH_ATTRIBUTES)
})
