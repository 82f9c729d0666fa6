/** `alien tokens`: create, list, revoke and rotate API keys and agent tokens. */
import { Command, Option } from 'commander'
import { requestJson, type ApiCall } from '../../client/request.js'
import { formatDuration } from '../../protocol/format-duration.js'
import { SCOPES } from '../../protocol/rights.js'
import { DEFAULT_SEALING_OVERLAP_MS, type RotatedSealingKey } from '../../protocol/sealing-keys.js'
import { DEFAULT_OVERLAP_MS, type NewToken, type RotatedToken, type TokenInfo } from '../../protocol/tokens.js'
import { CommandError } from '../../protocol/errors.js'
import { collect } from '../collect.js'
import { endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, say, style, table } from '../console.js'

interface Flags extends ConnectionFlags {
  readonly json?: boolean
}

interface CreateFlags extends Flags {
  readonly agent?: string
  readonly scope?: string
  readonly deployment?: string[]
  readonly command?: string[]
  readonly expires?: string
}

interface ListFlags extends Flags {
  readonly deployment?: string
  readonly all?: boolean
}

const CREATE_EXAMPLES = `
Examples:
  $ alien tokens create ci --scope invoke --deployment 'acme-*' --command 'generate-*' --expires 90d
  $ alien tokens create dashboard --scope read
  $ alien tokens create --agent acme-corp

Each scope includes those before it:
  read     look at deployments, their commands, and invocations
  invoke   start invocations
  operate  create and delete deployments
  admin    tokens and the audit
A key that is limited to some deployments or commands sees and touches no others.`

export function tokensCommand(): Command {
  return new Command('tokens')
    .description('API keys for your side, and agent tokens for the side of your customers')
    .addHelpText('after', '\nExamples:\n  $ alien tokens create ci --scope invoke\n  $ alien tokens list')
    .addCommand(create())
    .addCommand(list())
    .addCommand(revoke())
    .addCommand(rotate())
    .addCommand(rotateSealingKey())
}

const call = <T>(flags: Flags, request: ApiCall): Promise<T> => requestJson<T>(endpoint(flags), request)

function create(): Command {
  const command = new Command('create')
    .description('make an API key, or with --agent an agent token, and show it, once')
    .argument('[name]', 'what it is for, to people; an API key must have one')
    .option('--agent <deployment>', 'make an agent token of this deployment (id or name)')
    .addOption(new Option('--scope <scope>', 'what the API key may do').choices(SCOPES))
    .option('--deployment <pattern>', 'only on deployments named like this, repeatable (default: all)', collect)
    .option('--command <pattern>', 'only commands named like this, repeatable (default: all)', collect)
    .option('--expires <when>', 'how long it is good, like 90d, or until when, like 2030-01-31 (default: for ever)')
    .option('--json', 'print JSON')
    .addHelpText('after', CREATE_EXAMPLES)
  return withConnection(command).action(async (name: string | undefined, flags: CreateFlags) => {
    const body = flags.agent === undefined ? apiKeyBody(name, flags) : agentTokenBody(name, flags.agent, flags)
    showToken(await call<NewToken>(flags, { method: 'POST', path: '/v1/tokens', body }), flags)
  })
}

function apiKeyBody(name: string | undefined, { scope, deployment, command, expires }: CreateFlags): object {
  if (name === undefined || scope === undefined) {
    throw new CommandError(
      'invalid_request',
      `an API key needs a name and --scope (${SCOPES.join(', ')}); for an agent token give --agent DEPLOYMENT`,
    )
  }
  return { kind: 'api-key', name, scopes: [scope], deployments: deployment, commands: command, expires }
}

function agentTokenBody(name: string | undefined, agent: string, flags: CreateFlags): object {
  const { scope, deployment, command, expires } = flags
  if (scope !== undefined || deployment !== undefined || command !== undefined) {
    throw new CommandError(
      'invalid_request',
      'an agent token is good for its deployment and for nothing else; leave out --scope, --deployment and --command',
    )
  }
  return { kind: 'agent-token', deployment: agent, name, expires }
}

function showToken(created: NewToken, { json }: Flags): void {
  if (json === true) {
    printJson(created)
    return
  }
  print(`id       ${created.id}\ntoken    ${created.token}\nexpires  ${created.expiresAt ?? 'never'}`)
  say(style.dim('the token is shown this once; the id names it in lists and in the audit'))
}

function list(): Command {
  const command = new Command('list')
    .description('list API keys and agent tokens, never the tokens themselves')
    .option('--deployment <id or name>', 'agent tokens of this deployment only')
    .option('--all', 'those that are expired or revoked, too')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien tokens list --deployment acme-corp --all')
  return withConnection(command).action(async (flags: ListFlags) => {
    const query = { deployment: flags.deployment, all: flags.all === true ? 'true' : undefined }
    const { tokens } = await call<{ tokens: TokenInfo[] }>(flags, { method: 'GET', path: '/v1/tokens', query })
    if (flags.json === true) {
      printJson(tokens)
      return
    }
    const rows = tokens.map((one) => [one.id, one.name || '-', rightsText(one), one.status, one.expiresAt ?? 'never'])
    print(table(['ID', 'NAME', 'RIGHTS', 'STATUS', 'EXPIRES'], rows))
  })
}

/** `invoke generate-* on acme-*`, or `agent of acme-corp`. */
function rightsText(token: TokenInfo): string {
  if (token.kind === 'agent-token') return `agent of ${token.deployment.name}`
  const { scopes, deployments, commands } = token
  const what = commands.includes('*') ? '' : ` ${commands.join(',')}`
  return `${scopes.join(',')}${what} on ${deployments.join(',')}`
}

function revoke(): Command {
  const command = new Command('revoke')
    .description('make a token worthless, within 5 seconds on every control plane')
    .argument('<id>', 'keyid_… or agtid_…, as "alien tokens list" shows it')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien tokens revoke keyid_abcdefghijklmnopqrst')
  return withConnection(command).action(async (id: string, flags: Flags) => {
    const path = `/v1/tokens/${encodeURIComponent(id)}`
    const revoked = await call<TokenInfo>(flags, { method: 'DELETE', path })
    if (flags.json === true) printJson(revoked)
    else say(`revoked ${revoked.id}`)
  })
}

function rotate(): Command {
  const command = new Command('rotate')
    .description('make a new token with the same rights, and let the old one expire')
    .argument('<id>', 'keyid_… or agtid_…, as "alien tokens list" shows it')
    .option('--overlap <duration>', `how long the old one stays good (default: ${formatDuration(DEFAULT_OVERLAP_MS)})`)
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien tokens rotate keyid_abcdefghijklmnopqrst --overlap 24h')
  return withConnection(command).action(async (id: string, flags: Flags & { readonly overlap?: string }) => {
    const path = `/v1/tokens/${encodeURIComponent(id)}/rotate`
    const rotated = await call<RotatedToken>(flags, { method: 'POST', path, body: { overlap: flags.overlap } })
    showToken(rotated, flags)
    if (flags.json !== true) say(style.dim(`${rotated.replaces.id} expires ${rotated.replaces.expiresAt ?? ''}`))
  })
}

function rotateSealingKey(): Command {
  const command = new Command('rotate-sealing-key')
    .description("make a new key for the task tokens that agents are given, and let the registry's old ones expire")
    .option(
      '--overlap <duration>',
      `how long what the old ones sealed is taken; longer attempts lose their result (default: ${formatDuration(DEFAULT_SEALING_OVERLAP_MS)})`,
    )
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien tokens rotate-sealing-key --overlap 7d')
  return withConnection(command).action(async (flags: Flags & { readonly overlap?: string }) => {
    const body = { overlap: flags.overlap }
    const rotated = await call<RotatedSealingKey>(flags, { method: 'POST', path: '/v1/sealing-keys/rotate', body })
    if (flags.json === true) printJson(rotated)
    else say(`${rotated.id} seals from ${rotated.sealsFrom}; those before it open until ${rotated.olderOpenUntil}`)
  })
}
