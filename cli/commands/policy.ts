/** `alien agent policy check`: whether a policy file is good, and what it says of a command. */
import { Command } from 'commander'

export interface PolicyCheckFlags {
  readonly command?: string
  readonly readOnly?: boolean
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ alien agent policy check
  $ alien agent policy check /etc/alien/alien-policy.json --command drop-tables
  $ alien agent policy check --command generate-report --read-only --json

Exit codes: 0 the file is good and would let the command run, 2 the file is not good, 7 the command would be refused.`

export function policyCommand(): Command {
  const check = new Command('check')
    .description('say whether a policy file is good, and whether it would let a command run')
    .argument('[file]', 'the policy file (default: ALIEN_POLICY, else ./alien-policy.json)')
    .option('--command <name>', 'would this command run, and if not, by which rule')
    .option('--read-only', 'take the command as declared read-only by its author')
    .option('--json', 'print the answer as JSON, and errors too')
    .addHelpText('after', EXAMPLES)
    .action(async (file: string | undefined, flags: PolicyCheckFlags) =>
      (await import('../run/policy-check.js')).checkPolicy(file, flags),
    )
  return new Command('policy')
    .description('the customer decides what the vendor may run')
    .addCommand(check)
    .addHelpText('after', '\nExamples:\n  $ alien agent policy check --command drop-tables')
}
