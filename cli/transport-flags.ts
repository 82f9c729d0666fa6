/** `--transport` and what belongs to each, as the API takes it. */
import { Option, type Command } from 'commander'
import { readFile } from 'node:fs/promises'
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'
import { LAMBDA_INVOCATIONS, TRANSPORT_KINDS, type Transport } from '../protocol/transport.js'

interface Particulars {
  readonly functionArn?: string
  readonly roleArn?: string
  readonly externalId?: string
  readonly invocation?: string
  readonly topic?: string
  readonly namespace?: string
  readonly queue?: string
  readonly tenantId?: string
}

export interface TransportFlags extends Particulars {
  readonly transport: Transport['kind']
  readonly manifest?: string
}

/** The flags of each transport; the value says whether it must be there. */
const FLAGS_OF: Readonly<Record<Transport['kind'], Partial<Record<keyof Particulars, boolean>>>> = {
  pull: {},
  lambda: { functionArn: true, roleArn: false, externalId: false, invocation: false },
  pubsub: { topic: true },
  'service-bus': { namespace: true, queue: true, tenantId: false },
}

export const TRANSPORT_EXAMPLES = `
  --transport lambda       --function-arn arn:aws:lambda:eu-central-1:123456789012:function:commands
                           --role-arn arn:aws:iam::123456789012:role/alien --external-id acme-7f3c
  --transport pubsub       --topic projects/acme-prod/topics/commands
  --transport service-bus  --namespace acme.servicebus.windows.net --queue commands`

export const withTransport = (command: Command): Command =>
  command
    .addOption(
      new Option('--transport <kind>', 'how commands come to it')
        .choices(TRANSPORT_KINDS)
        .default('pull', 'pull, by agents'),
    )
    .option('--function-arn <arn>', 'lambda: the function to invoke')
    .option('--role-arn <arn>', "lambda: role in the customer's account to take on (default: your own credentials)")
    .option('--external-id <id>', "lambda: what the role's trust policy asks for")
    .addOption(
      new Option('--invocation <mode>', 'lambda: hand it over, or wait for its answer (default: event)').choices(
        LAMBDA_INVOCATIONS,
      ),
    )
    .option('--topic <name>', 'pubsub: projects/PROJECT/topics/TOPIC')
    .option('--namespace <host>', 'service-bus: like acme.servicebus.windows.net')
    .option('--queue <name>', 'service-bus: the queue in it')
    .option('--tenant-id <id>', "service-bus: the customer's Entra tenant (default: your own)")
    .option('--manifest <file>', 'its commands, as "alien build" wrote them')

/** @throws {CommandError} `invalid_request` */
export function transportOf(flags: TransportFlags): object {
  const { transport: kind } = flags
  const own = FLAGS_OF[kind]
  for (const [owner, names] of Object.entries(FLAGS_OF)) {
    for (const name of keysOf(names)) {
      if (flags[name] === undefined || Object.hasOwn(own, name)) continue
      throw new CommandError('invalid_request', `${flagOf(name)} is for --transport ${owner}, not for ${kind}`)
    }
  }
  const missing = keysOf(own).filter((name) => own[name] === true && flags[name] === undefined)
  if (missing.length > 0) {
    throw new CommandError('invalid_request', `--transport ${kind} needs ${missing.map(flagOf).join(' and ')}`)
  }
  return { kind, ...Object.fromEntries(keysOf(own).map((name) => [name, flags[name]])) }
}

const keysOf = (names: object): (keyof Particulars)[] => Object.keys(names) as (keyof Particulars)[]

const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

/** The commands in a manifest file; `undefined` without one. @throws {CommandError} `invalid_request` */
export async function readManifest(path: string | undefined): Promise<unknown> {
  if (path === undefined) return undefined
  let manifest: unknown
  try {
    manifest = JSON.parse(await readFile(path, 'utf8'))
  } catch (error) {
    const reason = error instanceof SyntaxError ? 'it is no JSON' : (error as NodeJS.ErrnoException).code
    throw new CommandError('invalid_request', `cannot read the manifest ${path}: ${String(reason)}`)
  }
  if (isPlainObject(manifest) && Array.isArray(manifest['commands'])) return manifest['commands']
  throw new CommandError('invalid_request', `${path} is no manifest: it has no list "commands"`)
}
