/**
 * What every call comes through, in this order: who makes it, is there such a method, is there room for its message, does
 * the message come. Nothing of a message is read before.
 */
import { ServerInterceptingCall, status, type Metadata, type ServerInterceptor } from '@grpc/grpc-js'
import { constants, type ServerHttp2Stream } from 'node:http2'
import type { Agent } from './agent.js'
import { authenticate, type KnownAgents, type Authenticated } from './authenticator.js'
import { GATEWAY_METHODS } from './methods.js'
import { denied } from './refusal.js'
import type { Receiving } from './receiving.js'
import type { RefusalLog } from './refusal-log.js'
import type { Strangers } from './strangers.js'

/** A message that does not come to its end in this time never will. */
const RECEIVE_MS = 20_000

interface DoorDeps {
  readonly agents: KnownAgents
  readonly callers: WeakMap<Metadata, Authenticated>
  readonly refusals: RefusalLog
  readonly strangers: Strangers
  readonly receiving: Receiving
}

/** Authenticates, finds the method, and bounds how many messages come in at once, and for how long. */
export function door({ agents, callers, refusals, strangers, receiving }: DoorDeps): ServerInterceptor {
  return ({ path }, call) => {
    let received: () => void = () => undefined
    const enter = async (metadata: Metadata): Promise<Agent | undefined> => {
      let authenticated: Authenticated | undefined
      try {
        authenticated = await authenticate(agents, metadata)
        strangers.introduce(call.getPeer())
        if (!GATEWAY_METHODS.has(path)) throw denied('this method is not for agents')
        callers.set(metadata, authenticated)
        return authenticated.agent
      } catch (error) {
        const refusal = refusals.refusalOf(error, path, authenticated?.agent)
        call.sendStatus({ code: refusal.code, details: refusal.message })
        return undefined
      }
    }
    const receive = ({ deployment }: Agent, pass: () => void): void => {
      let timer: NodeJS.Timeout | undefined
      const leave = receiving.enter(deployment.id, () => {
        timer = setTimeout(late, RECEIVE_MS)
        timer.unref()
        pass()
      })
      received = () => {
        clearTimeout(timer)
        leave()
      }
    }
    const late = (): void => {
      received()
      call.sendStatus({ code: status.DEADLINE_EXCEEDED, details: 'the message did not come' })
      // What came of it is held as long as the stream is, which is its sender's to end otherwise.
      setImmediate(() => streamOf(call)?.close(constants.NGHTTP2_CANCEL))
    }
    return new ServerInterceptingCall(call, {
      start: (next) => {
        let gone = false
        next({
          onReceiveMetadata: (metadata, pass) => {
            void enter(metadata).then((agent) => {
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

/** grpc-js keeps to itself which stream a call came by. */
const streamOf = (call: object): ServerHttp2Stream | undefined => (call as { stream?: ServerHttp2Stream }).stream
