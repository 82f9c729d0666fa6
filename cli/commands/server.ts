/** `alien server` and `alien worker`: the vendor's side, against a Temporal that runs elsewhere. */
import { Command } from 'commander'
import { settingsFor, withSettings } from '../settings.js'

const SERVER_EXAMPLES = `
Examples:
  $ TEMPORAL_ADDRESS=temporal.internal:7233 DATABASE_URL=postgres://alien@db/alien alien server \\
      --host 0.0.0.0 --tls-cert tls.crt --tls-key tls.key
  $ alien server --no-worker

Callers (HTTP/1.1) and agents (gRPC) share the one port. The certificate is read again when its file changes.

Temporal is found by its own variables: TEMPORAL_ADDRESS (default localhost:7233), TEMPORAL_NAMESPACE,
TEMPORAL_API_KEY, TEMPORAL_TLS_*. Settings may be in alien.config.json as well: see "alien config print".`

export const serverCommand = (): Command =>
  withSettings(new Command('server'), 'server')
    .description('run the control plane, and the vendor worker with it')
    .addHelpText('after', SERVER_EXAMPLES)
    .action(async (_flags: object, command: Command) => {
      const { values } = settingsFor('server', command)
      await (await import('../run/server.js')).runServer(values)
    })

const WORKER_EXAMPLES = `
Examples:
  $ TEMPORAL_ADDRESS=temporal.internal:7233 alien worker
  $ alien worker --database-url postgres://alien@db/alien --public-url https://alien.example.com

Commands are pushed by workers that have a registry; without one, a worker leaves that to others.`

export const workerCommand = (): Command =>
  withSettings(new Command('worker'), 'worker')
    .description('run a vendor worker on its own')
    .addHelpText('after', WORKER_EXAMPLES)
    .action(async (_flags: object, command: Command) => {
      const { values } = settingsFor('worker', command)
      await (await import('../run/worker.js')).runVendorWorker(values)
    })
