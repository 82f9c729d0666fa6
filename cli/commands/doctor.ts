/** `alien doctor`: what is wrong between this machine and what it needs. */
import { Command } from 'commander'
import { insecurePlaintextOption } from '../connection.js'

export interface DoctorFlags {
  readonly deployment?: string
  readonly server?: boolean
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ ALIEN_URL=https://commands.vendor.example ALIEN_TOKEN=agt_… alien doctor      # at the customer's
  $ alien doctor --url https://commands.vendor.example --deployment acme-corp     # at the vendor's, with an API key
  $ TEMPORAL_ADDRESS=temporal.internal:7233 DATABASE_URL=postgres://alien@db/alien alien doctor --server

Follows the way to the control plane: DNS, TCP or the proxy of HTTPS_PROXY, TLS, HTTP/2, clock, token. With an API key,
which agents are there, too. --server looks at what "alien server" needs of this machine instead: Temporal by its own
variables, its workers, and the registry. Settings are those of the processes: flags, variables, alien.config.json. Changes
nothing. What builds on a check that failed is skipped.

Exits with 0 when nothing failed, else with 1. Warnings are no failures.`

export function doctorCommand(): Command {
  return new Command('doctor')
    .description('find out what is wrong between this machine and the control plane')
    .option(
      '--url <url>',
      'the control plane (default: the running alien dev, or http://127.0.0.1:7700, env: ALIEN_URL)',
    )
    .option('--token <token>', 'API key or agent token (default: that of the running alien dev, env: ALIEN_TOKEN)')
    .option('--token-file <file>', 'where the token is kept (env: ALIEN_TOKEN_FILE)')
    .option('--deployment <id or name>', 'whose agents must be there, with an API key')
    .addOption(insecurePlaintextOption())
    .option('--server', 'look at what "alien server" needs instead')
    .option('--database-url <url>', 'PostgreSQL of the registry, with --server (env: DATABASE_URL)')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (_flags: DoctorFlags, command: Command) => (await import('../run/doctor.js')).runDoctor(command))
}
