/**
 * Denied calls of agents, for the audit. The first of a kind is recorded at once, those like it of the minute that
 * follows in one record with their number: whatever an agent does, its token leaves some records a minute.
 */
import { status } from '@grpc/grpc-js'
import type { AuditEntry, AuditSink } from '../protocol/audit.js'
import type { Agent } from './agent.js'
import { GATEWAY_METHODS } from './methods.js'

export interface Denial {
  readonly agent: Agent
  /** gRPC's. */
  readonly path: string
  readonly code: status
  /** IP address of the connection. */
  readonly address: string
}

const WINDOW_MS = 60_000
/** More tokens than will ever be misused at a time; beyond that, there is the log. */
const MAX_KINDS = 10_000

/** Stands for all that is not for agents, since there is no end to the names of what does not exist. */
const OTHER_METHODS = 'other'
const PLAIN_NAME = /^[A-Za-z]{1,100}$/

interface Window {
  /** Of the calls after the first, without their number. */
  readonly entry: AuditEntry
  readonly timer: NodeJS.Timeout
  calls: number
}

export class DenialAudit {
  readonly #audit: AuditSink
  readonly #windows = new Map<string, Window>()

  constructor(audit: AuditSink) {
    this.#audit = audit
  }

  add(denial: Denial): void {
    const known = GATEWAY_METHODS.get(denial.path)?.name
    const kind = `${denial.agent.tokenId} ${denial.code} ${known ?? OTHER_METHODS}`
    const window = this.#windows.get(kind)
    if (window) {
      window.calls += 1
      return
    }
    if (this.#windows.size >= MAX_KINDS) return
    this.#audit.append(entryOf(denial, known ?? nameIn(denial.path)))
    this.#windows.set(kind, {
      entry: entryOf(denial, known ?? OTHER_METHODS),
      timer: setTimeout(() => this.#end(kind), WINDOW_MS).unref(),
      calls: 0,
    })
  }

  /** Records what was counted. */
  close(): void {
    for (const kind of [...this.#windows.keys()]) this.#end(kind)
  }

  #end(kind: string): void {
    const window = this.#windows.get(kind)
    this.#windows.delete(kind)
    clearTimeout(window?.timer)
    if (window?.calls) this.#audit.append({ ...window.entry, calls: window.calls })
  }
}

function nameIn(path: string): string {
  const name = path.slice(path.lastIndexOf('/') + 1)
  return PLAIN_NAME.test(name) ? name : OTHER_METHODS
}

const entryOf = ({ agent, code, address }: Denial, method: string): AuditEntry => ({
  actor: { kind: 'agent-token', id: agent.tokenId, deploymentId: agent.deployment.id },
  address,
  method,
  action: 'gateway.call',
  deploymentId: agent.deployment.id,
  deploymentName: agent.deployment.name,
  command: null,
  invocationId: null,
  tokenId: null,
  outcome: 'denied',
  status: code,
  code: code === status.UNAUTHENTICATED ? 'unauthenticated' : 'permission_denied',
  requestId: '',
  calls: 1,
})
