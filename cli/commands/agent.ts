/** `alien agent start`: runs the handlers of one module at the customer's. */
import { Command, Option } from 'commander'
import { metricsHostOption, metricsPortOption, type MetricsFlags } from '../metrics-options.js'
import { policyCommand } from './policy.js'

export interface AgentFlags extends MetricsFlags {
  readonly url?: string
  readonly token?: string
  readonly tokenFile?: string
  readonly insecurePlaintext?: boolean
  readonly function?: string
  readonly policy?: string
  readonly stateDir?: string
  readonly grace?: string
}

const EXAMPLES = `
Examples:
  $ ALIEN_URL=https://commands.vendor.example ALIEN_TOKEN=agt_… alien agent start handlers.ts
  $ alien agent start handlers.ts --url https://commands.vendor.example --token-file /run/secrets/alien
  $ alien agent start --function connector      # of ./alien.ts
  $ alien agent start handlers.ts --policy /etc/alien/alien-policy.json

Runs until it is stopped; a worker that dies is started again after a back-off. Dials out to the one address and
listens on no port, unless --metrics-port is given. It needs no rights, and writes to its state folder only. HTTPS_PROXY and NO_PROXY are honored; NODE_EXTRA_CA_CERTS adds a private certificate authority.

Told to stop, it takes no more work, and what its handlers do not finish within the grace time is given back at once;
told a second time, it ends at once. What it ran is noted in a journal in its state folder, so that nothing that ended is run again: keep that folder over restarts.

The policy file is yours, not the vendor's: which commands may run, for how long, with how much data. It is read
again when it changes; while it is gone or broken, every command is refused.`

export function agentCommand(): Command {
  const start = new Command('start')
    .description('serve the commands of a handlers module')
    .argument('[module]', 'TypeScript or JavaScript (default: the function of ./alien.ts)')
    .addOption(new Option('--url <url>', 'the control plane').env('ALIEN_URL'))
    .addOption(new Option('--token <token>', "the deployment's agent token").env('ALIEN_TOKEN'))
    .addOption(
      new Option('--token-file <file>', 'where the token is kept; read again when it changes')
        .env('ALIEN_TOKEN_FILE')
        .conflicts('token'),
    )
    .addOption(
      new Option('--insecure-plaintext', 'allow an http URL of another machine').env('ALIEN_INSECURE_PLAINTEXT'),
    )
    .option('--function <name>', 'which function, for a deployment with several')
    .addOption(
      new Option('--policy <file>', 'what the vendor may run here (default: ./alien-policy.json if it exists)').env(
        'ALIEN_POLICY',
      ),
    )
    .addOption(
      new Option('--state-dir <folder>', 'the only one that it writes to (default: .alien)').env('ALIEN_STATE_DIR'),
    )
    .addOption(
      new Option('--grace <duration>', 'how long handlers may go on once the agent is told to stop (default: 10s)').env(
        'ALIEN_GRACE',
      ),
    )
    .addOption(metricsPortOption())
    .addOption(metricsHostOption())
    .addHelpText('after', EXAMPLES)
    .action(async (module: string | undefined, flags: AgentFlags) =>
      (await import('../run/agent.js')).runAgent(module, flags),
    )
  return new Command('agent')
    .description("the customer's side")
    .addCommand(start)
    .addCommand(policyCommand())
    .addHelpText('after', '\nExamples:\n  $ alien agent start handlers.ts\n  $ alien agent policy check')
}
