/** What a ping of a deployment says of each leg of the way. */
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'
import { PING_COMMAND, type PingAnswer } from '../protocol/ping.js'
import type { PushTransport } from '../protocol/transport.js'

type LegName = 'credentials' | 'delivery' | 'handler' | 'response'

export interface Leg {
  readonly leg: LegName
  readonly state: 'ok' | 'failed' | 'not reached'
  readonly message: string
  readonly remedy?: string
}

const PUSHED: readonly LegName[] = ['credentials', 'delivery', 'handler', 'response']
/** An agent comes for its work with a token of its own. */
const PULLED: readonly LegName[] = ['delivery', 'handler', 'response']

interface Pinged {
  /** `undefined` where agents pull. */
  readonly transport: PushTransport | undefined
  readonly outcome: PingAnswer | CommandError
}

/** What is deployed there may answer anything. */
export function pingOutcome(answer: unknown): PingAnswer | CommandError {
  const { runtime, version, manifest } = (isPlainObject(answer) ? answer : {}) as Partial<PingAnswer>
  if (typeof runtime === 'string' && typeof version === 'string' && Array.isArray(manifest)) {
    return { runtime, version, manifest }
  }
  return new CommandError(
    'invalid_result',
    `what answered "${PING_COMMAND}" is no handler runtime; deploy what "alien build" makes`,
  )
}

export function legsOf({ transport, outcome }: Pinged): readonly Leg[] {
  const names = transport === undefined ? PULLED : PUSHED
  if (!(outcome instanceof Error)) {
    const { runtime, version, manifest } = outcome
    const said = { handler: `${runtime}, version ${version}, ${manifest.length} commands` } as Partial<
      Record<LegName, string>
    >
    return names.map((leg) => ({ leg, state: 'ok', message: said[leg] ?? '' }))
  }
  // The customer's own policy said no: whoever says that was reached, and was heard.
  if (outcome.code === 'refused') {
    return names.map((leg) => ({ leg, state: 'ok', message: leg === 'handler' ? outcome.message : '' }))
  }
  const broken = brokenLeg(outcome, transport)
  const at = names.indexOf(broken)
  return names.map((leg, index) => {
    if (index < at && !isUntried(outcome)) return { leg, state: 'ok', message: '' }
    if (index !== at) return { leg, state: 'not reached', message: '' }
    return { leg, state: 'failed', message: outcome.message, remedy: remedyOf(leg, outcome, transport) }
  })
}

/** That nobody could report back is known before anything is sent. */
const isUntried = (error: CommandError): boolean => legIn(error) === 'response'

const legIn = ({ details }: CommandError): unknown => (isPlainObject(details) ? details['leg'] : undefined)

function brokenLeg(error: CommandError, transport: PushTransport | undefined): LegName {
  const told = legIn(error)
  if (told === 'delivery' || told === 'handler' || told === 'response') return told
  if (told === 'credentials') return transport === undefined ? 'delivery' : told
  switch (error.code) {
    case 'deployment_offline':
    case 'delivery_failed':
    case 'unavailable':
    case 'payload_too_large':
      return 'delivery'
    default:
      return 'handler'
  }
}

function remedyOf(leg: LegName, { code, details }: CommandError, transport: PushTransport | undefined): string {
  if (isPlainObject(details) && details['waitsFor'] === 'vendor_worker') {
    return 'see whether a vendor worker runs: alien doctor --server, where alien server runs'
  }
  if (code === 'command_not_found') return 'what runs there is older: deploy it with a newer version of this package'
  switch (leg) {
    case 'credentials':
      return "give the vendor worker credentials of the cloud, and those the rights in the docs' page of this transport"
    case 'delivery':
      return transport === undefined
        ? 'start an agent there, or run alien doctor where it runs'
        : 'see whether the name is right, and whether the vendor worker may send to it'
    case 'handler':
      return transport === undefined
        ? "read the agent's log"
        : "read the function's log; it must be deployed, be subscribed, and reach the control plane's public URL"
    case 'response':
      return 'start alien server, and alien worker, with --public-url'
    default:
      return leg satisfies never
  }
}
