/** `alien commands list` and `alien commands get`: invocations, as Temporal knows them. */
import { Command, Option } from 'commander'
import { requestJson } from '../../client/request.js'
import { INVOCATION_STATUSES, type Invocation, type InvocationPage } from '../../protocol/invocation.js'
import { endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, say, table } from '../console.js'

interface ListFlags extends ConnectionFlags {
  readonly deployment?: string
  readonly command?: string
  readonly status?: string
  readonly limit?: string
  readonly cursor?: string
  readonly json?: boolean
}

export function listCommand(): Command {
  const command = new Command('list')
    .description('list invocations, newest first, and what those that are queued wait for')
    .option('--deployment <id or name>', 'of this deployment only')
    .option('--command <name>', 'of this command only')
    .addOption(new Option('--status <status>', 'in this state only').choices(INVOCATION_STATUSES))
    .option('--limit <n>', 'at most so many, 1 to 100 (default: 20)')
    .option('--cursor <cursor>', 'go on where an earlier list ended')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien commands list --deployment acme-corp --status queued')
  return withConnection(command).action(async ({ url, token, insecurePlaintext, json, ...query }: ListFlags) => {
    const page = await requestJson<InvocationPage>(endpoint({ url, token, insecurePlaintext }), {
      method: 'GET',
      path: '/v1/invocations',
      query: { ...query },
    })
    if (json === true) {
      printJson(page)
      return
    }
    const rows = page.invocations.map((one) => [
      one.id,
      one.deployment.name,
      one.command,
      one.status,
      one.createdAt ?? '',
      one.waiting?.message ?? '',
    ])
    print(table(['ID', 'DEPLOYMENT', 'COMMAND', 'STATUS', 'CREATED', 'WAITS FOR'], rows))
    if (page.cursor !== undefined) say(`more: --cursor ${page.cursor}`)
  })
}

export function getCommand(): Command {
  const command = new Command('get')
    .description('show an invocation')
    .argument('<id>', 'its id, inv_…')
    .addHelpText('after', '\nExamples:\n  $ alien commands get inv_generate-report_2f6c1e9ab0d34f5f8a7b6c5d4e3f2a1b')
  return withConnection(command).action(async (id: string, flags: ConnectionFlags) => {
    const path = `/v1/invocations/${encodeURIComponent(id)}`
    printJson(await requestJson<Invocation>(endpoint(flags), { method: 'GET', path }))
  })
}
