/** What a route of the HTTP API declares of itself. The app is built from nothing but these. */
import type { Request, Response } from 'express'
import type { Scope } from '../protocol/rights.js'
import type { CallSubject, Claims } from './audit/call-subject.js'
import type { AgentCaller, ApiKeyCaller, RuntimeCaller } from './identity/caller.js'
import type { ServerDeps } from './server-deps.js'

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE'

export interface Exchange {
  readonly deps: ServerDeps
  readonly request: Request
  readonly response: Response
}

export interface Call<Who> extends Exchange {
  readonly caller: Who
  /** What the call is about, for the audit. */
  readonly subject: CallSubject
}

export type ApiKeyCall = Call<ApiKeyCaller>
export type AgentCall = Call<AgentCaller>

/** Of a handler runtime, about the one attempt that its token is for. */
export interface RuntimeCall extends Exchange {
  readonly caller: RuntimeCaller
  /** Tells the audit of the outcome that it reported, and whether that came too late to count. */
  readonly record: (what: 'response' | 'late-response') => void
}

interface Declared {
  readonly method: Method
  /** As Express has it: `/v1/deployments/:deployment`. */
  readonly path: string
}

interface Answered extends Declared {
  /** What the audit calls it, like `deployments.create`. */
  readonly action: string
  /** Whether it changes anything. Then calls leave audit records, else only those that were denied. */
  readonly mutates: boolean
  /**
   * `first`: every call, written before its answer is sent, so that nothing that was done is missing. `beside`: every
   * call, written with others within milliseconds, and its answer does not wait. `changes`: as `first`, but those that
   * changed nothing (see {@link CallSubject.changed}) once an hour for those alike. Default: `first`.
   */
  readonly audit?: 'first' | 'beside' | 'changes'
  /** What the call says it is about; looked at before it is known whether it may. */
  readonly claims?: (request: Request) => Claims
}

/** Open to all. It cannot change anything. */
interface PublicRoute extends Declared {
  readonly credential: 'public'
  readonly handle: (exchange: Exchange) => unknown
}

/** For agents, each of which acts for its own deployment. */
export interface AgentRoute extends Answered {
  readonly credential: 'agent-token'
  readonly handle: (call: AgentCall) => unknown
}

/** For handler runtimes of push deployments. Of what they report the outcomes are in the audit, but not the heartbeats. */
export interface RuntimeRoute extends Declared {
  readonly credential: 'response-token'
  readonly invocationId: (request: Request) => string
  readonly handle: (call: RuntimeCall) => unknown
}

/** For the vendor's side. */
export interface ApiKeyRoute extends Answered {
  readonly credential: 'api-key'
  readonly scope: Scope
  /** Whether it touches all commands of a deployment, so that a key for some of them may not use it. */
  readonly wholeDeployment?: true
  /** Whether it is about what all deployments share, so that a key for some of them may not use it. */
  readonly everyDeployment?: true
  readonly handle: (call: ApiKeyCall) => unknown
}

export type Route = PublicRoute | AgentRoute | RuntimeRoute | ApiKeyRoute
