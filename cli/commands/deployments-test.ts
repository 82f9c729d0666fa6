/** `alien deployments test`: a ping over the way that commands go. */
import { Command } from 'commander'
import { CommandsClient } from '../../client/commands-client.js'
import { requestJson } from '../../client/request.js'
import { CommandError, ERROR_CODES } from '../../protocol/errors.js'
import { formatDuration } from '../../protocol/format-duration.js'
import { PING_COMMAND, type PingAnswer } from '../../protocol/ping.js'
import { describeTransport, type PushTransport } from '../../protocol/transport.js'
import { connection, endpoint, withConnection, type ConnectionFlags } from '../connection.js'
import { print, printJson, say, showProgress, style } from '../console.js'
import { durationFlag } from '../duration-flag.js'
import { legsOf, pingOutcome, type Leg } from '../ping-legs.js'
import { printable } from '../printable.js'

interface TestFlags extends ConnectionFlags {
  readonly timeout: number
  readonly json?: boolean
}

/** A function that was not called for a while takes some seconds to start. */
const DEFAULT_TIMEOUT_MS = 30_000

const EXAMPLES = `
Examples:
  $ alien deployments test acme-corp

Sends the built-in command "${PING_COMMAND}" as any other, and says of each leg whether it holds: the vendor's credentials
for the customer's cloud, the delivery, the handler, and the response. Exits with 0, or as alien commands invoke does.`

export function testCommand(): Command {
  const command = new Command('test')
    .description('send a ping over the way that commands go, and say which leg fails')
    .argument('<deployment>', 'id or name')
    .addOption(durationFlag('--timeout', 'for the handler, and for the wait for it').default(DEFAULT_TIMEOUT_MS, '30s'))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES)
  return withConnection(command).action(test)
}

async function test(name: string, flags: TestFlags): Promise<void> {
  const path = `/v1/deployments/${encodeURIComponent(name)}`
  const deployment = await requestJson<{ readonly id: string; readonly transport?: PushTransport }>(endpoint(flags), {
    method: 'GET',
    path,
  })
  const { transport } = deployment
  const way = describeTransport(transport ?? { kind: 'pull' })
  const progress = showProgress(`${PING_COMMAND} to ${name} by ${way}`)
  const client = new CommandsClient({ deploymentId: deployment.id, ...connection(flags) })
  const outcome = await ping(client, flags.timeout).catch((error: unknown) => CommandError.from(error))
  progress.stop()
  const isError = outcome instanceof CommandError
  // What concerns the call and not the way.
  if (isError && ['unauthenticated', 'permission_denied', 'rate_limited'].includes(outcome.code)) throw outcome
  const legs = legsOf({ transport, outcome })
  const ok = legs.every(({ state }) => state === 'ok')
  if (flags.json === true) printJson({ ok, transport: transport ?? { kind: 'pull' }, legs })
  else for (const leg of legs) print(lineOf(leg))
  if (!ok && isError) process.exitCode = ERROR_CODES[outcome.code].exitCode
  if (ok && flags.json !== true) say(style.dim(`reached by ${way}`))
}

/** What ends by itself, by its queue time-out and then its time-out, has ended then. */
const boundMs = (timeoutMs: number): number => 2 * timeoutMs + 5_000

/** Time-outs are kept by a vendor worker. Where there is none, an invocation waits for good, and its caller must not. */
async function ping(client: CommandsClient, timeoutMs: number): Promise<PingAnswer | CommandError> {
  const handle = await client.start(PING_COMMAND, {}, { timeoutMs })
  const late = AbortSignal.timeout(boundMs(timeoutMs))
  try {
    return pingOutcome(await handle.result({ signal: late }))
  } catch (error) {
    if (!late.aborted) throw error
    const { status, waiting } = await handle.describe()
    const reason = waiting === undefined ? '' : `: ${waiting.message}`
    throw new CommandError(
      'unavailable',
      `no outcome within ${formatDuration(boundMs(timeoutMs))}, it is still ${status}${reason}`,
      { details: { leg: 'delivery', waitsFor: waiting?.for ?? null } },
    )
  }
}

const WIDTH = 'not reached'.length

function lineOf({ leg, state, message, remedy }: Leg): string {
  const line = `${state.padEnd(WIDTH)}  ${leg.padEnd(WIDTH)}  ${printable(message)}`.trimEnd()
  return remedy === undefined ? line : `${line}\n${' '.repeat(2 * WIDTH + 4)}→ ${remedy}`
}
