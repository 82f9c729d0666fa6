/** `alien commands invoke` */
import { Command, Option } from 'commander'
import { CommandsClient } from '../../client/commands-client.js'
import type { InvocationHandle } from '../../client/invocation-handle.js'
import { CommandError, ERROR_CODES } from '../../protocol/errors.js'
import { connection, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, say, showProgress } from '../console.js'
import { INTERRUPT_CHOICES, Interrupt, type InterruptChoice } from '../interrupt.js'
import { readParams } from '../params.js'
import { policyOf, withPolicy, type PolicyFlags } from '../policy-flags.js'
import { showEvents, type ShowOptions } from '../show-events.js'

interface InvokeFlags extends ConnectionFlags, PolicyFlags {
  readonly deployment: string
  readonly command: string
  readonly params?: string
  readonly idempotencyKey?: string
  readonly detach?: boolean
  readonly logs?: boolean
  readonly onInterrupt?: InterruptChoice
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ alien commands invoke --deployment acme-corp --command generate-report --params '{"startDate": "2025-01-01"}'
  $ alien commands invoke --deployment acme-corp --command run-migration --params @migration.json --timeout 2h
  $ alien commands invoke --deployment acme-corp --command send-invoices --at-most-once --queue-timeout 10m --deadline 1h
  $ id=$(alien commands invoke --deployment acme-corp --command run-migration --detach)

Times and attempts are the command author's unless given, and bounded by what the author declared.
The result goes to stdout as JSON, everything else to stderr. On a terminal that is also the progress of a command that
takes longer, and what its handler logs. Ctrl-C leaves it running, or cancels it; 130 says that it was left. Exit codes:
  0 succeeded   1 the handler failed   2 bad call   3 deployment offline   4 timed out
  5 canceled    6 outcome unknown      7 not allowed or refused            8 unavailable or rate limited`

export function invokeCommand(): Command {
  const command = new Command('invoke')
    .description('run a command on a deployment and print its result')
    .requiredOption('--deployment <id or name>', 'where to run it')
    .requiredOption('--command <name>', 'what to run')
    .option('--params <json>', 'JSON, @file, or - for stdin (default: {})')
  withPolicy(command)
    .option('--idempotency-key <key>', 'two calls with one key are one invocation')
    .option('--detach', 'print the invocation id and leave it running')
    .option('--logs', 'show what the handler logs on stderr, even if that is no terminal')
    .addOption(
      new Option('--on-interrupt <what>', 'what Ctrl-C does (default: ask at a terminal, else detach)').choices(
        INTERRUPT_CHOICES,
      ),
    )
    .option('--json', 'print the whole invocation instead of its result, and errors too')
    .addHelpText('after', EXAMPLES)
  return withConnection(command).action(invoke)
}

async function invoke(flags: InvokeFlags): Promise<void> {
  const way = connection(flags)
  const params = await readParams(flags.params)
  const client = new CommandsClient({ deploymentId: flags.deployment, ...way })
  const options = {
    ...policyOf(flags),
    ...(flags.idempotencyKey === undefined ? {} : { idempotencyKey: flags.idempotencyKey }),
  }
  const label = `${flags.command} on ${flags.deployment}`
  const progress = showProgress(label)
  try {
    const handle = await client.start(flags.command, params, options)
    if (flags.detach === true) {
      if (flags.json === true) printJson(await handle.describe())
      else print(handle.id)
      return
    }
    progress.update(`${label} (${handle.id})`)
    const following = new Following(handle, { label, progress }, flags.logs === true)
    using interrupt = new Interrupt(handle, flags.onInterrupt, progress)
    try {
      // Of what the handler said, nothing is to follow its result.
      printJson(await resultOf(handle, flags, interrupt.left).finally(() => following.end(interrupt.left)))
    } catch (error) {
      if (!interrupt.left.aborted) throw error
      leave(handle, interrupt)
    }
  } finally {
    progress.stop()
  }
}

/** As of a process that a shell's Ctrl-C ended. */
const INTERRUPTED = 130

function leave({ id }: InvocationHandle, { verdict }: Interrupt): void {
  const isUnknown = verdict === 'unknown'
  say(`${isUnknown ? 'whether it stops is unknown' : 'left running'}; follow it with: alien commands watch ${id}`)
  process.exitCode = isUnknown ? ERROR_CODES.outcome_unknown.exitCode : INTERRUPTED
}

async function resultOf(handle: InvocationHandle, { json }: InvokeFlags, left: AbortSignal): Promise<unknown> {
  if (json !== true) return handle.result({ signal: left })
  await handle.result({ signal: left }).catch((error: unknown) => {
    left.throwIfAborted()
    process.exitCode = ERROR_CODES[CommandError.from(error).code].exitCode
  })
  return handle.describe()
}

/** A short command must not pay for a second connection. */
const FOLLOW_AFTER_MS = 500
/** What the handler said last may come after its result. */
const LAST_EVENTS_MS = 1_500

/** Shows what happens meanwhile: to whoever asked for it, or sits at a terminal and waits. */
class Following {
  readonly #stop = new AbortController()
  readonly #timer: NodeJS.Timeout | undefined
  #shown: Promise<unknown> = Promise.resolve()

  constructor(handle: InvocationHandle, options: Omit<ShowOptions, 'signal'>, isAskedFor: boolean) {
    const start = () => {
      const { signal } = this.#stop
      this.#shown = showEvents(handle, { ...options, signal }).catch((error: unknown) => {
        // The result is what counts, and its own troubles are told.
        if (!signal.aborted && isAskedFor) say(`what the handler logs cannot be shown: ${String(error)}`)
      })
    }
    if (isAskedFor) start()
    else if (process.stderr.isTTY) this.#timer = setTimeout(start, FOLLOW_AFTER_MS)
  }

  async end(left: AbortSignal): Promise<void> {
    clearTimeout(this.#timer)
    if (left.aborted) this.#stop.abort()
    const timer = setTimeout(() => this.#stop.abort(), LAST_EVENTS_MS)
    await this.#shown
    clearTimeout(timer)
  }
}
