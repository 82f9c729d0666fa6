/**
 * Denied calls of agents, for the audit. The first of a kind is recorded at once, those like it of the minute that
 * follows in one record with their number: whatever an agent does, its token leaves some records a minute.
 */
import { status } from '@grpc/grpc-js'
import type { AuditEntry, AuditSink } from '../protocol/audit.js'
import type { Agent } from './agent.js'
import { TEMPORAL_METHODS } from './temporal-methods.js'

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

/** Stands for all that Temporal does not have, since there is no end to their names. */
const OTHER_METHODS = 'other'

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
    const method = TEMPORAL_METHODS.get(denial.path)
    // Services have methods of the same name.
    const kind = `${denial.agent.tokenId} ${denial.code} ${method === undefined ? OTHER_METHODS : denial.path}`
    const window = this.#windows.get(kind)
    if (window) {
      window.calls += 1
      return
    }
    if (this.#windows.size >= MAX_KINDS) return
    const entry = entryOf(denial, method ?? OTHER_METHODS)
    this.#audit.append(entry)
    this.#windows.set(kind, {
      entry,
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
