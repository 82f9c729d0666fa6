/** `alien server` and `alien worker`: the vendor's side, against a Temporal that runs elsewhere. */
import { Command, Option } from 'commander'
import { DEFAULT_PORT } from '../../protocol/names.js'
import { parseAuditRetention } from '../audit-retention.js'
import { metricsHostOption, metricsPortOption, type MetricsFlags } from '../metrics-options.js'
import { parsePollLimit } from '../poll-limit.js'
import { parsePort } from '../port.js'
import { databaseUrlOption, publicUrlOption, sealingKeysOption } from '../push-options.js'
import { parseRateLimit } from '../rate-limit.js'

export interface ServerFlags extends MetricsFlags {
  readonly port: number
  readonly host: string
  readonly databaseUrl?: string
  readonly apiKey?: string
  readonly worker: boolean
  readonly publicUrl?: string
  readonly temporalUiUrl?: string
  readonly tlsCert?: string
  readonly tlsKey?: string
  readonly insecurePlaintext?: boolean
  readonly sealingKeys?: string
  readonly pollsPerAgent: number
  readonly pollsPerDeployment: number
  readonly rateLimit?: number
  readonly agentRateLimit?: number
  readonly auditRetention?: number
  readonly trustProxy?: string
}

const SERVER_EXAMPLES = `
Examples:
  $ TEMPORAL_ADDRESS=temporal.internal:7233 DATABASE_URL=postgres://alien@db/alien alien server \\
      --host 0.0.0.0 --tls-cert tls.crt --tls-key tls.key
  $ alien server --no-worker

Callers (HTTP/1.1) and agents (gRPC) share the one port. The certificate is read again when its file changes.

Temporal is found by its own variables: TEMPORAL_ADDRESS (default localhost:7233), TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY, TEMPORAL_TLS_*. ALIEN_API_KEY gives the first API key, of at least 32 characters.`

export function serverCommand(): Command {
  const command = new Command('server')
    .description('run the control plane, and the vendor worker with it')
    .option('--port <port>', 'to listen on', parsePort, DEFAULT_PORT)
    .option('--host <address>', 'to listen on', '127.0.0.1')
    .addOption(databaseUrlOption('PostgreSQL for the registry (default: SQLite in .alien/)'))
    .addOption(new Option('--api-key <key>', 'an API key to accept').env('ALIEN_API_KEY'))
    .addOption(publicUrlOption())
    .addOption(new Option('--temporal-ui-url <url>', "Temporal's Web UI, for links").env('ALIEN_TEMPORAL_UI_URL'))
    .addOption(new Option('--tls-cert <file>', 'PEM certificate chain to serve TLS with').env('ALIEN_TLS_CERT'))
    .addOption(new Option('--tls-key <file>', 'its key').env('ALIEN_TLS_KEY'))
    .addOption(
      new Option('--insecure-plaintext', 'allow plain text off loopback, for a proxy in front that ends TLS').env(
        'ALIEN_INSECURE_PLAINTEXT',
      ),
    )
    .addOption(sealingKeysOption())
    .addOption(
      new Option(
        '--trust-proxy <proxies>',
        "whose x-forwarded-for names the caller: how many proxies, or their addresses (default: nobody's)",
      ).env('ALIEN_TRUST_PROXY'),
    )
    .option('--no-worker', 'leave the vendor worker to "alien worker"')
    .addOption(metricsPortOption())
    .addOption(metricsHostOption())
  return withLimits(command)
    .addHelpText('after', SERVER_EXAMPLES)
    .action(async (flags: ServerFlags) => (await import('../run/server.js')).runServer(flags))
}

/** How often, how many, how long. */
function withLimits(command: Command): Command {
  return command
    .addOption(
      new Option('--polls-per-agent <polls>', 'that the gateway holds at once')
        .env('ALIEN_POLLS_PER_AGENT')
        .argParser(parsePollLimit('--polls-per-agent'))
        .default(20),
    )
    .addOption(
      new Option('--polls-per-deployment <polls>', 'that the gateway holds at once')
        .env('ALIEN_POLLS_PER_DEPLOYMENT')
        .argParser(parsePollLimit('--polls-per-deployment'))
        .default(500),
    )
    .addOption(
      new Option(
        '--rate-limit <calls>',
        'a second for each token, twice as many at once; 0 for no limit (default: 100)',
      )
        .env('ALIEN_RATE_LIMIT')
        .argParser(parseRateLimit),
    )
    .addOption(
      new Option('--agent-rate-limit <calls>', 'the same for each agent token, at the gateway (default: 2000)')
        .env('ALIEN_AGENT_RATE_LIMIT')
        .argParser(parseRateLimit),
    )
    .addOption(
      new Option('--audit-retention <duration>', 'how long audit records are kept; 0 for ever (default: 365d)')
        .env('ALIEN_AUDIT_RETENTION')
        .argParser(parseAuditRetention),
    )
}

export interface WorkerFlags extends MetricsFlags {
  readonly databaseUrl?: string
  readonly publicUrl?: string
  readonly sealingKeys?: string
}

const WORKER_EXAMPLES = `
Examples:
  $ TEMPORAL_ADDRESS=temporal.internal:7233 alien worker
  $ alien worker --database-url postgres://alien@db/alien --public-url https://alien.example.com

Commands are pushed by workers that have a registry; without one, a worker leaves that to others.`

export function workerCommand(): Command {
  return new Command('worker')
    .description('run a vendor worker on its own')
    .addOption(databaseUrlOption('PostgreSQL of the registry, to push commands (default: none)'))
    .addOption(publicUrlOption())
    .addOption(sealingKeysOption())
    .addOption(metricsPortOption())
    .addOption(metricsHostOption())
    .addHelpText('after', WORKER_EXAMPLES)
    .action(async (flags: WorkerFlags) => (await import('../run/worker.js')).runVendorWorker(flags))
}
