/**
 * Every setting of the processes that run for long, in one place: its flag, its variable, and what it may be. docs/configuration.md
 * is made of this. In the configuration file a setting has the name that it has here.
 */
import type { z } from 'zod'
import { DEFAULT_PORT } from '../protocol/names.js'
import * as schemas from './schemas.js'

export interface Setting<Schema extends z.ZodType = z.ZodType> {
  readonly flag: string
  readonly env: string
  readonly description: string
  /** Takes a text, and what was not given as `undefined`. */
  readonly schema: Schema
  /** In words, where it is no value. */
  readonly otherwise?: string
  /** Whether its value is shown to nobody. */
  readonly secret?: true
}

export type Settings = Readonly<Record<string, Setting>>

/** What the settings of a process come to. */
type Values<S extends Settings> = { readonly [Name in keyof S]: z.output<S[Name]['schema']> }

const FILES = {
  stateDir: {
    flag: '--state-dir <folder>',
    env: 'ALIEN_STATE_DIR',
    description: 'for files: those of the agent, and a registry without PostgreSQL',
    schema: schemas.anyText.default('.alien'),
  },
} satisfies Settings

const SHARED = {
  logLevel: {
    flag: '--log-level <level>',
    env: 'ALIEN_LOG_LEVEL',
    description: 'debug, info, warn, error or silent',
    schema: schemas.logLevel.default('info'),
  },
  metricsPort: {
    flag: '--metrics-port <port>',
    env: 'ALIEN_METRICS_PORT',
    description: "for Prometheus' GET /metrics",
    schema: schemas.port.optional(),
    otherwise: 'none',
  },
  metricsHost: {
    flag: '--metrics-host <address>',
    env: 'ALIEN_METRICS_HOST',
    description: 'for the metrics port to listen on',
    schema: schemas.anyText.default('127.0.0.1'),
  },
} satisfies Settings

const VENDOR = {
  databaseUrl: {
    flag: '--database-url <url>',
    env: 'DATABASE_URL',
    description: 'PostgreSQL of the registry',
    schema: schemas.postgresUrl.optional(),
    otherwise: 'alien server: SQLite in the state folder; alien worker: none, and it pushes nothing',
    secret: true,
  },
  publicUrl: {
    flag: '--public-url <url>',
    env: 'ALIEN_PUBLIC_URL',
    description: 'where functions that commands are pushed to reach the control plane',
    schema: schemas.webUrl('https://alien.example.com').optional(),
    otherwise: 'its own address, on loopback',
  },
  sealingKeys: {
    flag: '--sealing-keys <keys>',
    env: 'ALIEN_SEALING_KEYS',
    description:
      "for agents' task tokens and response tokens: base64 of 32 bytes each, comma-separated, the first seals",
    schema: schemas.sealingKeys.optional(),
    otherwise: 'made once, kept in the registry',
    secret: true,
  },
} satisfies Settings

const LIMITS = {
  pollsPerAgent: {
    flag: '--polls-per-agent <polls>',
    env: 'ALIEN_POLLS_PER_AGENT',
    description: 'that the gateway holds at once',
    schema: schemas.polls.default(20),
  },
  pollsPerDeployment: {
    flag: '--polls-per-deployment <polls>',
    env: 'ALIEN_POLLS_PER_DEPLOYMENT',
    description: 'that the gateway holds at once',
    schema: schemas.polls.default(500),
  },
  rateLimit: {
    flag: '--rate-limit <calls>',
    env: 'ALIEN_RATE_LIMIT',
    description: 'a second for each token, and wrong tokens for each address; twice as many at once; 0 for no limit',
    schema: schemas.callsPerSecond.default(100),
  },
  agentRateLimit: {
    flag: '--agent-rate-limit <calls>',
    env: 'ALIEN_AGENT_RATE_LIMIT',
    description: 'the same for each agent token, at the gateway',
    schema: schemas.callsPerSecond.default(2_000),
  },
  auditRetention: {
    flag: '--audit-retention <duration>',
    env: 'ALIEN_AUDIT_RETENTION',
    description: 'how long audit records are kept; 0 for ever',
    schema: schemas.duration('must be a duration like "90d", or 0 to keep records for ever').optional(),
    otherwise: '365d',
  },
} satisfies Settings

const SERVER = {
  port: {
    flag: '--port <port>',
    env: 'ALIEN_PORT',
    description: 'to listen on',
    schema: schemas.port.default(DEFAULT_PORT),
  },
  host: {
    flag: '--host <address>',
    env: 'ALIEN_HOST',
    description: 'to listen on',
    schema: schemas.anyText.default('127.0.0.1'),
  },
  apiKey: {
    flag: '--api-key <key>',
    env: 'ALIEN_API_KEY',
    description: 'an API key to accept, of at least 32 characters, which may do everything',
    schema: schemas.apiKey.optional(),
    otherwise: 'those given earlier',
    secret: true,
  },
  tlsCert: {
    flag: '--tls-cert <file>',
    env: 'ALIEN_TLS_CERT',
    description: 'PEM certificate chain to serve TLS with; read again when it changes',
    schema: schemas.anyText.optional(),
    otherwise: 'plain text',
  },
  tlsKey: {
    flag: '--tls-key <file>',
    env: 'ALIEN_TLS_KEY',
    description: 'its key',
    schema: schemas.anyText.optional(),
  },
  insecurePlaintext: {
    flag: '--insecure-plaintext',
    env: 'ALIEN_INSECURE_PLAINTEXT',
    description: 'allow plain text off loopback, for a proxy in front that ends TLS',
    schema: schemas.flag.default(false),
  },
  trustProxy: {
    flag: '--trust-proxy <proxies>',
    env: 'ALIEN_TRUST_PROXY',
    description: 'whose x-forwarded-for names the caller: how many proxies, or their addresses',
    schema: schemas.trustedProxies.optional(),
    otherwise: "nobody's",
  },
  temporalUiUrl: {
    flag: '--temporal-ui-url <url>',
    env: 'ALIEN_TEMPORAL_UI_URL',
    description: "Temporal's Web UI, for links",
    schema: schemas.webUrl('http://127.0.0.1:8080').optional(),
    otherwise: 'no links',
  },
  worker: {
    flag: '--no-worker',
    env: 'ALIEN_WORKER',
    description: 'leave the vendor worker to "alien worker"; in the variable and the file: false',
    schema: schemas.flag.default(true),
  },
} satisfies Settings

const AGENT = {
  url: {
    flag: '--url <url>',
    env: 'ALIEN_URL',
    description: 'the control plane',
    schema: schemas.webUrl('https://commands.vendor.example').optional(),
    otherwise: 'the running alien dev, or http://127.0.0.1:7700',
  },
  token: {
    flag: '--token <token>',
    env: 'ALIEN_TOKEN',
    description: "the deployment's agent token",
    schema: schemas.anyText.optional(),
    secret: true,
  },
  tokenFile: {
    flag: '--token-file <file>',
    env: 'ALIEN_TOKEN_FILE',
    description: 'where the token is kept; read again when it changes',
    schema: schemas.anyText.optional(),
  },
  insecurePlaintext: {
    flag: '--insecure-plaintext',
    env: 'ALIEN_INSECURE_PLAINTEXT',
    description: 'allow an http URL of another machine',
    schema: schemas.flag.default(false),
  },
  function: {
    flag: '--function <name>',
    env: 'ALIEN_FUNCTION',
    description: 'which function, for a deployment with several',
    schema: schemas.anyText.optional(),
    otherwise: 'the only one',
  },
  policy: {
    flag: '--policy <file>',
    env: 'ALIEN_POLICY',
    description: 'what the vendor may run here',
    schema: schemas.anyText.optional(),
    otherwise: './alien-policy.json if it exists',
  },
  grace: {
    flag: '--grace <duration>',
    env: 'ALIEN_GRACE',
    description: 'how long handlers may go on once the agent is told to stop',
    schema: schemas.duration('must be a duration up to 1d, like "10s" or "5m"', 86_400_000).optional(),
    otherwise: '10s',
  },
} satisfies Settings

/** By the name that a process has in the configuration file. */
export const PROCESSES = {
  server: { ...SERVER, ...VENDOR, ...LIMITS, ...FILES, ...SHARED },
  worker: { ...VENDOR, ...SHARED },
  agent: { ...AGENT, ...FILES, ...SHARED },
} satisfies Record<string, Settings>

export type ProcessName = keyof typeof PROCESSES
export type SettingsOf<Name extends ProcessName> = Values<(typeof PROCESSES)[Name]>

/** What no single setting of a process can tell is wrong, from those that may be any text: others may be wrong themselves. */
export const CONFLICTS: { readonly [Name in ProcessName]: (values: SettingsOf<Name>) => readonly string[] } = {
  server: ({ tlsCert, tlsKey }) =>
    (tlsCert === undefined) === (tlsKey === undefined) ? [] : ['TLS needs both --tls-cert and --tls-key'],
  worker: () => [],
  agent: ({ token, tokenFile }) =>
    token === undefined || tokenFile === undefined ? [] : ['--token and --token-file cannot both be given'],
}
