/** `alien bindings check`: whether what the handlers may use is there. */
import { Command } from 'commander'

export interface BindingsCheckFlags {
  readonly write?: boolean
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ ALIEN_WORKSPACE_BINDING='{"service":"s3","bucket":"acme-workspace"}' alien bindings check
  $ alien bindings check --write --json

Tries the bindings that ./alien.ts links and those of ALIEN_<NAME>_BINDING variables, with the credentials of this
process. Run it where, and as whom, the agent runs. Exit codes: 0 all work, 2 one does not.`

export function bindingsCommand(): Command {
  const check = new Command('check')
    .description('write, read, list and delete in each storage, and read each vault; say which permission is missing')
    .option('--write', 'set and delete a secret in each vault, too')
    .option('--json', 'print the answer as JSON, and errors too')
    .addHelpText('after', EXAMPLES)
    .action(async (flags: BindingsCheckFlags) => (await import('../run/bindings-check.js')).checkBindings(flags))
  return new Command('bindings')
    .description('storages and vaults of the handlers')
    .addCommand(check)
    .addHelpText('after', '\nExamples:\n  $ alien bindings check')
}
