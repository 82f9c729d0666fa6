/** `alien commands watch`: an invocation that was started elsewhere, to its end. */
import { Command } from 'commander'
import { InvocationHandle } from '../../client/invocation-handle.js'
import { CommandError, ERROR_CODES } from '../../protocol/errors.js'
import type { EndedEvent } from '../../protocol/events.js'
import { assertInvocationId } from '../../protocol/names.js'
import { endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, showProgress } from '../console.js'
import { printableJson } from '../printable.js'
import { showEvents } from '../show-events.js'

interface WatchFlags extends ConnectionFlags {
  readonly json?: boolean
}

const HELP = `
Examples:
  $ alien commands watch inv_run-migration_2f6c1e9ab0d34f5f8a7b6c5d4e3f2a1b
  $ alien commands watch inv_run-migration_2f6c1e9ab0d34f5f8a7b6c5d4e3f2a1b --json | jq

Its progress and what its handler logs go to stderr, its result to stdout; exit codes are those of "invoke". With --json
all of it goes to stdout, one JSON object a line, the last of which has the type "ended".`

export function watchCommand(): Command {
  const command = new Command('watch')
    .description('follow an invocation to its end')
    .argument('<id>', 'its id, inv_…')
    .option('--json', 'print each event as a line of JSON')
    .addHelpText('after', HELP)
  return withConnection(command).action(watch)
}

async function watch(id: string, flags: WatchFlags): Promise<void> {
  assertInvocationId(id)
  const handle = new InvocationHandle(id, endpoint(flags))
  if (flags.json === true) await printEvents(handle)
  else printJson(resultOf(await shown(handle)))
}

async function shown(handle: InvocationHandle): Promise<EndedEvent | undefined> {
  const progress = showProgress(handle.id)
  try {
    return await showEvents(handle, { label: handle.id, progress })
  } finally {
    progress.stop()
  }
}

async function printEvents(handle: InvocationHandle): Promise<void> {
  for await (const event of handle.events()) {
    print(printableJson(event))
    if (event.type === 'ended' && event.error) process.exitCode = ERROR_CODES[event.error.code].exitCode
  }
}

/** @throws {CommandError} the outcome of one that ended badly */
function resultOf(ended: EndedEvent | undefined): unknown {
  if (ended?.error) throw CommandError.fromBody(ended.error)
  return ended?.result ?? null
}
