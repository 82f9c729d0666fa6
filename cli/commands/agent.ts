/** `alien agent start`: runs the handlers of one module at the customer's. */
import { Command } from 'commander'
import { settingsFor, withSettings } from '../settings.js'
import { policyCommand } from './policy.js'

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
  const start = withSettings(new Command('start'), 'agent')
    .description('serve the commands of a handlers module')
    .argument('[module]', 'TypeScript or JavaScript (default: the function of ./alien.ts)')
    .addHelpText('after', EXAMPLES)
    .action(async (module: string | undefined, _flags: object, command: Command) => {
      const { values } = settingsFor('agent', command)
      await (await import('../run/agent.js')).runAgent(module, values)
    })
  return new Command('agent')
    .description("the customer's side")
    .addCommand(start)
    .addCommand(policyCommand())
    .addHelpText('after', '\nExamples:\n  $ alien agent start handlers.ts\n  $ alien agent policy check')
}
