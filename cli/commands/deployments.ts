/** `alien deployments`: create, list, delete, how commands come to one, and what commands one has. */
import { Command } from 'commander'
import { requestJson, type ApiCall } from '../../client/request.js'
import type { ManifestCommand } from '../../protocol/manifest.js'
import { describeTransport, type PushTransport } from '../../protocol/transport.js'
import { testCommand } from './deployments-test.js'
import { endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, say, style, table } from '../console.js'
import {
  readManifest,
  TRANSPORT_EXAMPLES,
  transportOf,
  withTransport,
  type TransportFlags,
} from '../transport-flags.js'

interface Flags extends ConnectionFlags {
  readonly json?: boolean
}

interface Deployment {
  readonly id: string
  readonly name: string
  readonly createdAt: string
  /** Absent where agents pull. */
  readonly transport?: PushTransport
}

interface PresentDeployment extends Deployment {
  readonly online: boolean
  readonly lastSeenAt?: string
  /** Those seen last first. */
  readonly agents: readonly { readonly host: string; readonly version: string; readonly online: boolean }[]
}

export function deploymentsCommand(): Command {
  return new Command('deployments')
    .description('the installations of your software at your customers')
    .addHelpText('after', '\nExamples:\n  $ alien deployments create acme-corp\n  $ alien deployments list')
    .addCommand(create())
    .addCommand(list())
    .addCommand(setTransport())
    .addCommand(commands())
    .addCommand(testCommand())
    .addCommand(remove())
}

const call = <T>(flags: Flags, request: ApiCall): Promise<T> => requestJson<T>(endpoint(flags), request)

const one = (name: string): string => `/v1/deployments/${encodeURIComponent(name)}`

function create(): Command {
  const command = new Command('create')
    .description('register a deployment; one that agents serve gets an agent token, shown once')
    .argument('<name>', 'lower-case letters, digits, "-" and "_", like acme-corp')
  return withConnection(withTransport(command))
    .option('--json', 'print JSON')
    .addHelpText('after', `\nExamples:\n  $ alien deployments create acme-corp\n\nPushed to:${TRANSPORT_EXAMPLES}`)
    .action(async (name: string, flags: Flags & TransportFlags) => {
      const body = { name, transport: transportOf(flags), commands: await readManifest(flags.manifest) }
      const created = await call<Deployment & { agentToken?: string }>(flags, {
        method: 'POST',
        path: '/v1/deployments',
        body,
      })
      if (flags.json === true) {
        printJson(created)
        return
      }
      print(`id           ${created.id}\nname         ${created.name}`)
      if (created.agentToken === undefined) {
        print(`pushed to    ${transportText(created)}`)
      } else {
        print(`agent token  ${created.agentToken}`)
        say(style.dim('the token is shown this once; give it to the agent as ALIEN_TOKEN'))
      }
    })
}

const transportText = ({ transport }: Deployment): string => describeTransport(transport ?? { kind: 'pull' })

function setTransport(): Command {
  const command = new Command('set-transport')
    .description('change how commands come to a deployment')
    .argument('<deployment>', 'id or name')
  return withConnection(withTransport(command))
    .option('--json', 'print JSON')
    .addHelpText(
      'after',
      `\nExamples:\n  $ alien deployments set-transport acme-corp --transport pull\n\nPushed to:${TRANSPORT_EXAMPLES}`,
    )
    .action(async (name: string, flags: Flags & TransportFlags) => {
      const changed = await call<Deployment>(flags, {
        method: 'PUT',
        path: `${one(name)}/transport`,
        body: { transport: transportOf(flags), commands: await readManifest(flags.manifest) },
      })
      if (flags.json === true) printJson(changed)
      else say(`${changed.name} is served by ${transportText(changed)}`)
    })
}

function list(): Command {
  const command = new Command('list')
    .description('list deployments, and whether their agents are receiving')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien deployments list --json')
  return withConnection(command).action(async (flags: Flags) => {
    const { deployments } = await call<{ deployments: PresentDeployment[] }>(flags, {
      method: 'GET',
      path: '/v1/deployments',
    })
    if (flags.json === true) printJson(deployments)
    else
      print(
        table(
          ['ID', 'NAME', 'TRANSPORT', 'AGENTS', 'LAST SEEN', 'VERSION', 'HOST', 'CREATED'],
          deployments.map(({ id, name, createdAt, transport, lastSeenAt = '-', agents }) => [
            id,
            name,
            transport?.kind ?? 'pull',
            transport === undefined ? agentsOnline(agents) : '-',
            lastSeenAt,
            agents[0]?.version ?? '-',
            agents[0]?.host ?? '-',
            createdAt,
          ]),
        ),
      )
  })
}

function agentsOnline(agents: PresentDeployment['agents']): string {
  const online = agents.filter((agent) => agent.online).length
  return online === 0 ? 'offline' : `${online} online`
}

function commands(): Command {
  const command = new Command('commands')
    .description("list a deployment's commands, as its agent published them")
    .argument('<deployment>', 'id or name')
    .option('--json', 'print JSON, schemas and policies included')
    .addHelpText('after', '\nExamples:\n  $ alien deployments commands acme-corp')
  return withConnection(command).action(async (name: string, flags: Flags) => {
    const path = `${one(name)}/commands`
    const manifest = await call<{ commands: ManifestCommand[] }>(flags, { method: 'GET', path })
    if (flags.json === true) printJson(manifest)
    else
      print(
        table(
          ['COMMAND', 'DESCRIPTION'],
          manifest.commands.map((each) => [each.name, each.description ?? '']),
        ),
      )
  })
}

function remove(): Command {
  const command = new Command('delete')
    .description('delete a deployment, its agent tokens and its manifest')
    .argument('<deployment>', 'id or name')
    .option('--json', 'print JSON')
    .addHelpText('after', '\nExamples:\n  $ alien deployments delete acme-corp')
  return withConnection(command).action(async (name: string, flags: Flags) => {
    await call<unknown>(flags, { method: 'DELETE', path: one(name) })
    if (flags.json === true) printJson({ deleted: name })
    else say(`deleted ${name}`)
  })
}
