/** `alien dev`: everything on this machine, for the functions in `alien.ts`. */
import { Command } from 'commander'
import { DEFAULT_DEPLOYMENT } from '../../protocol/dev-state.js'
import { DEFAULT_PORT } from '../../protocol/names.js'
import { collect } from '../collect.js'
import { parsePort } from '../port.js'

export interface DevFlags {
  readonly port?: number
  readonly host: string
  readonly deployment?: string[]
  readonly statusFile?: string
  readonly temporalPort?: number
  readonly temporalUiPort?: number
}

const EXAMPLES = `
Examples:
  $ alien dev
  $ alien dev --deployment acme-corp --deployment globex
  $ alien dev ./deploy/alien.ts --port 7800 --status-file dev.json

Keeps its state in .alien/ (or ALIEN_STATE_DIR). With TEMPORAL_ADDRESS set, that Temporal is used and none is started.`

export function devCommand(): Command {
  return new Command('dev')
    .description('run the whole product on this machine, with an agent for each function of alien.ts')
    .argument('[file]', 'what to read', 'alien.ts')
    .option(
      '--port <port>',
      `of the control plane (default: ${DEFAULT_PORT}, or a free one when it is taken)`,
      parsePort,
    )
    .option('--host <address>', 'to listen on', '127.0.0.1')
    .option('--deployment <name>', `a customer to play, repeatable (default: ${DEFAULT_DEPLOYMENT})`, collect)
    .option('--status-file <path>', 'write addresses, token and deployments there once ready')
    .option('--temporal-port <port>', "of the embedded Temporal's gRPC (default: a free one)", parsePort)
    .option('--temporal-ui-port <port>', "of Temporal's Web UI (default: a free one)", parsePort)
    .addHelpText('after', EXAMPLES)
    .action(async (file: string, flags: DevFlags) => (await import('../run/dev.js')).runDev(file, flags))
}
