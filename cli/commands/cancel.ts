/** `alien commands cancel` */
import { Command } from 'commander'
import { InvocationHandle } from '../../client/invocation-handle.js'
import type { CancelVerdict } from '../../protocol/cancel.js'
import { ERROR_CODES } from '../../protocol/errors.js'
import { assertInvocationId } from '../../protocol/names.js'
import { endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, say, showProgress } from '../console.js'

interface CancelFlags extends ConnectionFlags {
  readonly reason?: string
  readonly json?: boolean
}

const EXAMPLES = `
Examples:
  $ alien commands cancel inv_run-migration_2f6c1e9ab0d34f5f8a7b6c5d4e3f2a1b --reason "wrong database"

What it came to goes to stdout:
  not_started     its handler was not entered; nothing ran
  stopped         its handler was told, and ended because of that
  finished_first  it ended by itself before it could be stopped
  unknown         its agent is silent, or its handler goes on in spite of it (exit code 6)`

const MEANINGS: Record<CancelVerdict, (id: string) => string> = {
  not_started: () => 'its handler was not entered; nothing ran',
  stopped: () => 'canceled; its handler stopped',
  finished_first: (id) => `it had ended before it could be stopped; see: alien commands get ${id}`,
  unknown: (id) => `asked to stop, and whether it does is unknown; see: alien commands get ${id}`,
}

export function cancelCommand(): Command {
  const command = new Command('cancel')
    .description('stop an invocation, and tell what came of that')
    .argument('<id>', 'its id, inv_…')
    .option('--reason <text>', 'why, for whoever looks at it later')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
  return withConnection(command).action(cancel)
}

async function cancel(id: string, { reason, json, ...flags }: CancelFlags): Promise<void> {
  assertInvocationId(id)
  const handle = new InvocationHandle(id, endpoint(flags))
  const progress = showProgress(`asked ${id} to stop; waiting for its handler`)
  let verdict: CancelVerdict
  try {
    verdict = await handle.cancel({ reason })
  } finally {
    progress.stop()
  }
  if (json === true) printJson({ verdict, invocation: await handle.describe() })
  else print(verdict)
  say(MEANINGS[verdict](id))
  if (verdict === 'unknown') process.exitCode = ERROR_CODES.outcome_unknown.exitCode
}
