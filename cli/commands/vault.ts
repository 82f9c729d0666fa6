/** `alien vault`: the secrets that handlers read, mostly those of a local vault. */
import { Command } from 'commander'

const EXAMPLES = `
Examples:
  $ printf '{"connectionString":"postgres://…"}' | alien vault set credentials warehouse
  $ alien vault set credentials warehouse         # asks on a terminal, and does not show what is typed
  $ alien vault get credentials warehouse
  $ alien vault list credentials
  $ alien vault delete credentials warehouse

Which vault it is says ALIEN_<VAULT>_BINDING, or the link in ./alien.ts; without them it is the one that "alien dev"
uses, an encrypted file in .alien/ (or ALIEN_STATE_DIR) with its key beside it.`

const withExamples = (command: Command): Command => command.addHelpText('after', EXAMPLES)

export function vaultCommand(): Command {
  const run = () => import('../run/vault.js')
  const set = new Command('set')
    .description('set a secret to what comes on stdin, without a line break at its end')
    .argument('<vault>', 'as in vault(name)')
    .argument('<key>', 'which secret')
    .action(async (vault: string, key: string) => (await run()).setSecret(vault, key))
  const get = new Command('get')
    .description('print a secret')
    .argument('<vault>', 'as in vault(name)')
    .argument('<key>', 'which secret')
    .action(async (vault: string, key: string) => (await run()).getSecret(vault, key))
  const list = new Command('list')
    .description('print the keys of all secrets')
    .argument('<vault>', 'as in vault(name)')
    .option('--json', 'print them as JSON, and errors too')
    .action(async (vault: string, { json = false }: { json?: boolean }) => (await run()).listSecrets(vault, json))
  const remove = new Command('delete')
    .description('delete a secret')
    .argument('<vault>', 'as in vault(name)')
    .argument('<key>', 'which secret')
    .action(async (vault: string, key: string) => (await run()).deleteSecret(vault, key))
  const vault = new Command('vault').description('secrets of the handlers')
  for (const command of [set, get, list, remove]) vault.addCommand(withExamples(command))
  return withExamples(vault)
}
