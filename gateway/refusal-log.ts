/** Logs what was refused, a line a minute for each deployment, method and reason, so that an attacker cannot fill a disk. */
import { status } from '@grpc/grpc-js'
import { LRUCache } from 'lru-cache'
import { OTHER } from '../observability/bounded-names.js'
import { NO_METRICS, type Metrics } from '../observability/metrics.js'
import type { Agent } from './agent.js'
import type { DenialAudit } from './denial-audit.js'
import { GATEWAY_METHODS } from './methods.js'
import { Refusal, unavailable } from './refusal.js'
import { TEMPORAL_METHODS } from './temporal-methods.js'

export interface GatewayLog {
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}

const DENIALS: ReadonlySet<status> = new Set([status.PERMISSION_DENIED, status.UNAUTHENTICATED])

const QUIET_MS = 60_000
const MAX_KINDS = 10_000
const MAX_METHOD_LENGTH = 100

/** A call that is refused. */
export interface RefusedCall {
  /** gRPC's. */
  readonly path: string
  /** IP address of the connection. */
  readonly address: string
  /** `undefined` when nobody knows who it is. */
  readonly agent: Agent | undefined
}

export class RefusalLog {
  readonly #log: GatewayLog
  readonly #audit: Pick<DenialAudit, 'add'>
  readonly #metrics: Pick<Metrics, 'gatewayRefusals'>
  readonly #last = new LRUCache<string, { atMs: number; since: number }>({ max: MAX_KINDS })
  #count = 0

  constructor(
    log: GatewayLog,
    audit: Pick<DenialAudit, 'add'>,
    metrics: Pick<Metrics, 'gatewayRefusals'> = NO_METRICS,
  ) {
    this.#log = log
    this.#audit = audit
    this.#metrics = metrics
  }

  /** Calls refused so far. */
  get count(): number {
    return this.#count
  }

  /**
   * What the agent is told of an error. A defect of ours may pass with the next version, so it must not end an agent
   * for good.
   */
  refusalOf(error: unknown, call: RefusedCall): Refusal {
    const refusal = this.#told(error, call)
    const method = GATEWAY_METHODS.get(call.path)?.name ?? OTHER
    this.#metrics.gatewayRefusals.add(1, { method, code: status[refusal.code] })
    return refusal
  }

  #told(error: unknown, call: RefusedCall): Refusal {
    if (!(error instanceof Refusal)) {
      const reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
      this.#log.error(
        { method: call.path.slice(0, MAX_METHOD_LENGTH), reason },
        'the gateway failed on a call of an agent',
      )
      return unavailable('the gateway failed')
    }
    const { agent } = call
    const isDenial = DENIALS.has(error.code)
    if (agent && isDenial) this.#audit.add({ ...call, agent, code: error.code })
    if (isDenial || isGuessing(error, call)) this.#add(call, error)
    return error
  }

  #add({ path, address, agent }: RefusedCall, { message }: Refusal): void {
    this.#count += 1
    const deployment = agent?.deployment.name
    const key = `${deployment ?? ''} ${TEMPORAL_METHODS.has(path) ? path : OTHER} ${message}`
    const last = this.#last.get(key)
    if (last && Date.now() - last.atMs < QUIET_MS) {
      last.since += 1
      return
    }
    this.#last.set(key, { atMs: Date.now(), since: 0 })
    const fields = {
      method: path.slice(0, MAX_METHOD_LENGTH),
      ...(agent === undefined ? { address } : { deployment, tokenId: agent.tokenId }),
      ...(last?.since ? { alsoRefused: last.since } : {}),
    }
    this.#log.warn(fields, `refused a call of an agent: ${message}`)
  }
}

/** Of an address with too many wrong tokens. */
const isGuessing = ({ code }: Refusal, { agent }: RefusedCall): boolean =>
  code === status.RESOURCE_EXHAUSTED && agent === undefined
