/** `alien audit export`: who did what, as JSON lines. */
import { Command, Option } from 'commander'
import { requestJson, type Endpoint } from '../../client/request.js'
import { AUDIT_OUTCOMES, type AuditPage } from '../../protocol/audit.js'
import { CommandError } from '../../protocol/errors.js'
import { endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { printableJson } from '../printable.js'
import { printLines } from '../print-lines.js'

interface Filters {
  readonly deployment?: string
  readonly action?: string
  readonly actor?: string
  readonly outcome?: string
  readonly from?: string
  readonly to?: string
}

interface ExportFlags extends ConnectionFlags, Filters {
  readonly limit?: number
}

const PAGE_RECORDS = 1_000

const EXAMPLES = `
Examples:
  $ alien audit export --from 2030-01-01 --to 2030-02-01 > january.jsonl
  $ alien audit export --outcome denied
  $ alien audit export --deployment acme-corp --action invocations.create --limit 100

One record a line, newest first: who, from where, what, on which deployment, and how it ended. An API key with the
scope "admin" is needed. Params, results and tokens are never in it.`

export function auditCommand(): Command {
  const command = new Command('export')
    .description('print audit records as JSON lines, newest first')
    .option('--deployment <id or name>', 'about this deployment only')
    .option('--action <action>', 'of this kind only, like deployments.create')
    .option('--actor <id or name>', 'by this API key or agent token only')
    .addOption(new Option('--outcome <outcome>', 'that ended so only').choices(AUDIT_OUTCOMES))
    .option('--from <time>', 'from this time on, like 2030-01-31 or 2030-01-31T12:00:00Z')
    .option('--to <time>', 'before this time')
    .option('--limit <n>', 'at most so many (default: all)', parseLimit)
    .addHelpText('after', EXAMPLES)
  const audit = new Command('audit')
    .description('who did what')
    .addHelpText('after', '\nExamples:\n  $ alien audit export --deployment acme-corp')
  return audit.addCommand(
    withConnection(command).action(({ url, token, insecurePlaintext, limit, ...filters }: ExportFlags) =>
      printLines(records(endpoint({ url, token, insecurePlaintext }), filters, limit)),
    ),
  )
}

/** Page by page, so that neither side has all of it in memory. */
async function* records(endpoint: Endpoint, filters: Filters, limit = Infinity): AsyncGenerator<string> {
  let left = limit
  let cursor: string | undefined
  do {
    const page: AuditPage = await requestJson<AuditPage>(endpoint, {
      method: 'GET',
      path: '/v1/audit',
      query: { ...filters, limit: Math.min(PAGE_RECORDS, left), cursor },
    })
    for (const record of page.records) yield printableJson(record)
    left -= page.records.length
    cursor = page.cursor
  } while (cursor !== undefined && left > 0)
}

/** @throws {CommandError} `invalid_request` */
function parseLimit(value: string): number {
  const limit = Number(value)
  if (/^\d+$/.test(value) && limit > 0) return limit
  throw new CommandError('invalid_request', `--limit "${value}" must be a whole number of at least 1`)
}
