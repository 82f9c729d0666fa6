/** The command line: which commands there are. What a command needs is loaded when it runs. */
import { Command } from 'commander'
import { agentCommand } from './commands/agent.js'
import { auditCommand } from './commands/audit.js'
import { buildCommand } from './commands/build.js'
import { cancelCommand } from './commands/cancel.js'
import { configCommand } from './commands/config.js'
import { deploymentsCommand } from './commands/deployments.js'
import { bindingsCommand } from './commands/bindings.js'
import { devCommand } from './commands/dev.js'
import { doctorCommand } from './commands/doctor.js'
import { getCommand, listCommand } from './commands/invocations.js'
import { invokeCommand } from './commands/invoke.js'
import { serverCommand, workerCommand } from './commands/server.js'
import { tokensCommand } from './commands/tokens.js'
import { vaultCommand } from './commands/vault.js'
import { watchCommand } from './commands/watch.js'
import { VERSION } from '../workers/version.js'

const EXAMPLES = `
Examples:
  $ alien dev
  $ alien commands invoke --deployment acme-corp --command generate-report --params '{"startDate": "2025-01-01"}'
  $ alien deployments create acme-corp`

const COMMANDS_EXAMPLES = `
Examples:
  $ alien commands invoke --deployment acme-corp --command generate-report
  $ alien commands list --deployment acme-corp`

/** A program that throws instead of ending the process. */
export function createProgram(): Command {
  const commands = new Command('commands')
    .description('invoke commands on deployments, look at invocations, and cancel them')
    .addHelpText('after', COMMANDS_EXAMPLES)
    .addCommand(invokeCommand())
    .addCommand(watchCommand())
    .addCommand(listCommand())
    .addCommand(getCommand())
    .addCommand(cancelCommand())
  const program = new Command('alien')
    .description("run your code in your customers' clouds, with zero inbound networking")
    .version(VERSION)
    .addCommand(devCommand())
    .addCommand(buildCommand())
    .addCommand(commands)
    .addCommand(deploymentsCommand())
    .addCommand(tokensCommand())
    .addCommand(auditCommand())
    .addCommand(agentCommand())
    .addCommand(bindingsCommand())
    .addCommand(vaultCommand())
    .addCommand(serverCommand())
    .addCommand(workerCommand())
    .addCommand(configCommand())
    .addCommand(doctorCommand())
    .addHelpText('after', EXAMPLES)
  throwInsteadOfExit(program)
  return program
}

function throwInsteadOfExit(command: Command): void {
  command.exitOverride()
  for (const sub of command.commands) throwInsteadOfExit(sub)
}
