/** Whose token a call carries. */
import { status, type Metadata } from '@grpc/grpc-js'
import { CommandError } from '../protocol/errors.js'
import type { Agent } from './agent.js'
import { Refusal, unavailable } from './refusal.js'

/** By token: whose agent has it. Both reject when that cannot be found out now. */
export interface KnownAgents {
  /**
   * As it was some seconds ago at most; `undefined` for a token nobody has, or that is expired or revoked. Rejects with
   * `rate_limited` when the address, an IP, shows too many of these.
   */
  get(token: string, address: string): Promise<Agent | undefined>
  /** As it is now. */
  getNow(token: string): Promise<Agent | undefined>
}

const MAX_TOKEN_LENGTH = 512

export interface Authenticated {
  readonly agent: Agent
  /** Asks again. `undefined` once the token is no longer good. */
  readonly recheck: () => Promise<Agent | undefined>
}

/**
 * @param address IP address of whoever calls
 * @throws {Refusal} UNAUTHENTICATED; UNAVAILABLE when the registry cannot be asked; RESOURCE_EXHAUSTED when it is not
 *   asked: on either of these an agent comes again for good
 */
export async function authenticate(agents: KnownAgents, metadata: Metadata, address: string): Promise<Authenticated> {
  const token = bearerToken(metadata)
  const agent = await agents.get(token, address).catch(unknown)
  if (agent === undefined) throw unauthenticated()
  return { agent, recheck: () => agents.getNow(token).catch(unknown) }
}

/** @throws {Refusal} */
function unknown(error: unknown): never {
  if (error instanceof CommandError && error.code === 'rate_limited') {
    throw new Refusal(status.RESOURCE_EXHAUSTED, error.message)
  }
  throw unavailable('the registry cannot be reached')
}

function bearerToken(metadata: Metadata): string {
  const values = metadata.get('authorization')
  const [scheme, token] = String(values[0] ?? '').split(' ')
  if (values.length !== 1 || scheme?.toLowerCase() !== 'bearer' || !token || token.length > MAX_TOKEN_LENGTH) {
    throw unauthenticated()
  }
  return token
}

/** One answer to every bad token: nothing is to be learned from it. */
const unauthenticated = (): Refusal => new Refusal(status.UNAUTHENTICATED, 'the agent token is not valid')
