/** `alien agent start`: runs the handlers of one module at the customer's. */
import { Command, Option } from 'commander'

export interface AgentFlags {
  readonly url?: string
  readonly token?: string
  readonly function?: string
}

const EXAMPLES = `
Examples:
  $ ALIEN_URL=https://commands.vendor.example ALIEN_TOKEN=agt_… alien agent start handlers.ts
  $ alien agent start --function connector      # of ./alien.ts

Runs until it is stopped; a worker that dies is started again after a back-off.`

export function agentCommand(): Command {
  const start = new Command('start')
    .description('serve the commands of a handlers module')
    .argument('[module]', 'TypeScript or JavaScript (default: the function of ./alien.ts)')
    .addOption(new Option('--url <url>', 'the control plane').env('ALIEN_URL'))
    .addOption(new Option('--token <token>', "the deployment's agent token").env('ALIEN_TOKEN'))
    .option('--function <name>', 'which function, for a deployment with several')
    .addHelpText('after', EXAMPLES)
    .action(async (module: string | undefined, flags: AgentFlags) =>
      (await import('../run/agent.js')).runAgent(module, flags),
    )
  return new Command('agent')
    .description("the customer's side")
    .addCommand(start)
    .addHelpText('after', '\nExamples:\n  $ alien agent start handlers.ts')
}
