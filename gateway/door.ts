/**
 * What every call comes through, in this order: who makes it, is it not too often, is there such a method, is there room
 * for its message, does the message come. Nothing of a message is read before.
 */
import {
  ServerInterceptingCall,
  status,
  type Metadata,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from '@grpc/grpc-js'
import { constants, type ServerHttp2Stream } from 'node:http2'
import { setTimeout as delay } from 'node:timers/promises'
import type { Agent } from './agent.js'
import { authenticate, type KnownAgents, type Authenticated } from './authenticator.js'
import { ipOf } from './ip-of.js'
import { MAX_CONNECTIONS, type KnownConnections } from './known-connections.js'
import { GATEWAY_METHODS } from './methods.js'
import { denied, Refusal } from './refusal.js'
import { outsideOfReading } from './outside-of-reading.js'
import type { Receiving } from '../protocol/receiving.js'
import type { RefusalLog } from './refusal-log.js'
import type { Strangers } from './strangers.js'

export interface CallLimit {
  readonly perSecond: number
  /** Counts a call, and gives the ms to wait for when it is one too many, else 0. */
  countToken(tokenId: string): number
}

/** Who came in, from which IP address, and by which stream. */
export interface Caller {
  readonly authenticated: Authenticated
  readonly address: string
  readonly stream: ServerHttp2Stream | undefined
}

interface DoorDeps {
  readonly agents: KnownAgents
  /** IP address of a caller: that of the connection, or what a proxy of ours says of it. */
  readonly addressOf: (connected: string, forwardedFor: string | undefined) => string
  readonly callLimit: CallLimit
  readonly callers: WeakMap<Metadata, Caller>
  readonly refusals: RefusalLog
  readonly strangers: Strangers
  readonly connections: KnownConnections
  readonly receiving: Receiving
  /** How long a message may take to come to its end. */
  readonly receiveMs: number
}

/** Authenticates, finds the method, and bounds how many messages come in at once, and for how long. */
export function door(deps: DoorDeps): ServerInterceptor {
  return ({ path }, call) => {
    let received: () => void = () => undefined
    const receive = ({ deployment }: Agent, pass: () => void): void => {
      let timer: NodeJS.Timeout | undefined
      const leave = deps.receiving.enter(deployment.id, () => {
        timer = setTimeout(late, deps.receiveMs).unref()
        pass()
      })
      if (leave === undefined) {
        end(status.RESOURCE_EXHAUSTED, 'too many messages of this deployment are on their way; try again later')
        return
      }
      received = () => {
        clearTimeout(timer)
        leave()
      }
    }
    const late = (): void => {
      received()
      end(status.DEADLINE_EXCEEDED, 'the message did not come')
    }
    const end = (code: status, details: string): void => {
      call.sendStatus({ code, details })
      // What came of it is held as long as the stream is, which is its sender's to end otherwise.
      setImmediate(() => streamOf(call)?.close(constants.NGHTTP2_CANCEL))
    }
    return new ServerInterceptingCall(call, {
      start: (next) => {
        let gone = false
        next({
          onReceiveMetadata: (metadata, pass) => {
            void enter(deps, path, call, metadata).then((agent) => {
              if (agent && !gone) receive(agent, () => pass(metadata))
            })
          },
          onReceiveHalfClose: (pass) => {
            received()
            pass()
          },
          onCancel: () => {
            gone = true
            received()
          },
        })
      },
    })
  }
}

/** A connection has 250 calls under way at most. */
const REFUSED_AFTER_MS = 1_000

/** Who comes in; `undefined` when the call was refused. */
async function enter(
  { agents, addressOf, callLimit, callers, refusals, strangers, connections }: DoorDeps,
  path: string,
  call: ServerInterceptingCallInterface,
  metadata: Metadata,
): Promise<Agent | undefined> {
  const peer = call.getPeer()
  const address = addressOf(ipOf(peer), metadata.get('x-forwarded-for').join() || undefined)
  let authenticated: Authenticated | undefined
  try {
    authenticated = await authenticate(agents, metadata, address)
    strangers.introduce(peer)
    const { deployment } = authenticated.agent
    if (!connections.admit(deployment.id, peer, (gone) => streamOf(call)?.session?.once('close', gone))) {
      if (address === ipOf(peer)) void endSession(call)
      throw new Refusal(
        status.RESOURCE_EXHAUSTED,
        `the agents of this deployment have ${MAX_CONNECTIONS} connections, and may have no more`,
      )
    }
    refuseTooMany(callLimit, authenticated.agent)
    if (!GATEWAY_METHODS.has(path)) throw denied('this method is not for agents')
    callers.set(metadata, { authenticated, address, stream: streamOf(call) })
    return authenticated.agent
  } catch (error) {
    const refusal = refusals.refusalOf(error, { path, address, agent: authenticated?.agent })
    // As often as it may, an agent is answered at once. Beyond that it waits, for to refuse costs as much as to hear.
    if (authenticated && refusal.code === status.RESOURCE_EXHAUSTED) await delay(REFUSED_AFTER_MS)
    call.sendStatus({ code: refusal.code, details: refusal.message })
    // A proxy has the connections of many; they are not to pay for one of them.
    if (authenticated === undefined && address === ipOf(peer)) {
      strangers.refuse(peer, refusal.code, () => void endSession(call))
    }
    return undefined
  }
}

/** @throws {Refusal} RESOURCE_EXHAUSTED, on which the SDK's worker tries again for good */
function refuseTooMany(limit: CallLimit, { tokenId }: Agent): void {
  const waitMs = limit.countToken(tokenId)
  if (waitMs === 0) return
  throw new Refusal(
    status.RESOURCE_EXHAUSTED,
    `this token makes more than ${limit.perSecond} calls a second; try again in ${waitMs} ms`,
  )
}

/** What is under way on it finishes. */
async function endSession(call: object): Promise<void> {
  const session = streamOf(call)?.session
  await outsideOfReading()
  session?.close()
}

/** grpc-js keeps to itself which stream a call came by. */
const streamOf = (call: object): ServerHttp2Stream | undefined => (call as { stream?: ServerHttp2Stream }).stream
