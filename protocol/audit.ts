/** Who did what to which deployment, and how it ended: `GET /v1/audit`. Never payloads, never secrets. */
import type { ErrorCode } from './error-codes.js'

/** `denied`: the token's rights did not cover it, whatever the answer said. */
export const AUDIT_OUTCOMES = ['done', 'denied', 'failed'] as const

/** Who called, as its token says. */
export type Actor =
  | { readonly kind: 'api-key'; readonly id: string; readonly name: string }
  | { readonly kind: 'agent-token'; readonly id: string; readonly deploymentId: string }
  /** A handler runtime's: the id is that of the invocation, a slash, and the attempt. */
  | { readonly kind: 'response-token'; readonly id: string }

/** What a call was about, as far as it is known. */
export interface AuditSubject {
  /** `null` when there is none of that name. */
  readonly deploymentId: string | null
  /** The caller's own word when there is no such deployment. */
  readonly deploymentName: string | null
  readonly command: string | null
  readonly invocationId: string | null
  /** Of the token that was made, revoked or rotated. */
  readonly tokenId: string | null
}

export interface AuditEntry extends AuditSubject {
  readonly actor: Actor
  /** IP address of the caller. */
  readonly address: string
  /** `POST`, `DELETE`, … or the name of the gRPC method. */
  readonly method: string
  /** `deployments.create`, `invocations.create`, … */
  readonly action: string
  readonly outcome: (typeof AUDIT_OUTCOMES)[number]
  /** HTTP status of the answer, or gRPC's. */
  readonly status: number
  /** Of the error that was the answer; `null` when it was none. */
  readonly code: ErrorCode | null
  /** `""` for a gRPC call, which has none. */
  readonly requestId: string
  /** How many calls it is about: one, except for denied calls of agents, of which those alike are told together. */
  readonly calls: number
}

export interface AuditRecord extends AuditEntry {
  /** `aud_…`; later ones sort after earlier ones. */
  readonly id: string
  /** ISO 8601: when the call was answered. */
  readonly at: string
}

/** For whoever has something to record: the HTTP API, the gateway. */
export interface AuditSink {
  /** Never throws, never waits. */
  append(entry: AuditEntry): void
}

/** A page of `GET /v1/audit`, newest first. */
export interface AuditPage {
  readonly records: readonly AuditRecord[]
  /** Gets the next page; absent on the last. */
  readonly cursor?: string
}
