/** The agents' gRPC server. What comes through the door is handled; there is no method but those in the table. */
import {
  logVerbosity,
  Server,
  ServerCredentials,
  setLogVerbosity,
  type Metadata,
  type ServerUnaryCall,
  type status,
} from '@grpc/grpc-js'
import type { Socket } from 'node:net'
import type { Duplex } from 'node:stream'
import type { AuditSink } from '../protocol/audit.js'
import { AGENT_HOST_HEADER, AGENT_KEY_HEADER, AGENT_VERSION_HEADER } from '../protocol/names.js'
import type { AgentAbout } from './agent.js'
import type { KnownAgents } from './authenticator.js'
import { Calls, type CallsDeps } from './calls.js'
import { DenialAudit } from './denial-audit.js'
import { whenLost } from './delivery.js'
import { door, type CallLimit, type Caller } from './door.js'
import { KnownConnections } from './known-connections.js'
import { GATEWAY_METHODS, MAX_MESSAGE_BYTES } from './methods.js'
import { DEFAULT_POLL_LIMITS, OpenPolls, type LiveTokens, type PollLimits } from './open-polls.js'
import { outsideOfReading } from './outside-of-reading.js'
import { printable } from './printable.js'
import { Receiving } from '../protocol/receiving.js'
import { RefusalLog, type GatewayLog } from './refusal-log.js'
import { Strangers } from './strangers.js'

export interface GatewayOptions extends Omit<CallsDeps, 'polls'> {
  readonly agents: KnownAgents
  /** IP address of a caller: that of the connection, or what a proxy of ours says of it. */
  readonly addressOf: (connected: string, forwardedFor: string | undefined) => string
  readonly liveTokens: LiveTokens
  readonly pollLimits?: PollLimits | undefined
  readonly callLimit: CallLimit
  readonly audit: AuditSink
  readonly log: GatewayLog
}

export interface Gateway {
  /** Takes over a connection that speaks HTTP/2. */
  readonly inject: (socket: Duplex) => void
  /** Calls refused since the start. */
  readonly refused: number
  /** Polls that are held. */
  readonly polls: number
  /** Ends the polls, lets all other calls finish, at most for `graceMs`; each connection ends after its last. */
  drain(graceMs: number): Promise<void>
  /** Once there are no connections any more. */
  close(): void
}

const SERVER_OPTIONS = {
  'grpc.max_receive_message_length': MAX_MESSAGE_BYTES,
  'grpc.max_metadata_size': 16 * 1_024,
  // An agent holds two polls, and reports on a hundred commands at most.
  'grpc.max_concurrent_streams': 250,
  'grpc-node.max_session_memory': 16,
  // An agent that fell silent without closing its connection lets its polls go.
  'grpc.keepalive_time_ms': 20_000,
  'grpc.keepalive_timeout_ms': 10_000,
  'grpc.max_connection_idle_ms': 300_000,
  'grpc.enable_channelz': 0,
}

/** A message that does not come to its end in this time never will. */
const RECEIVE_MS = 20_000

const bytesAsTheyAre = (bytes: Buffer): Buffer => bytes

export function createGateway(options: GatewayOptions): Gateway {
  const { agents, addressOf, liveTokens, pollLimits = DEFAULT_POLL_LIMITS, callLimit, audit, log, ...deps } = options
  const polls = new OpenPolls(pollLimits, liveTokens)
  const calls = new Calls({ ...deps, polls })
  const denials = new DenialAudit(audit)
  const refusals = new RefusalLog(log, denials, deps.metrics)
  const callers = new WeakMap<Metadata, Caller>()
  const strangers = new Strangers()
  const parts = { callers, refusals, strangers, connections: new KnownConnections(), receiving: new Receiving() }
  const doorDeps = { agents, addressOf, callLimit, ...parts }
  // It would print headers that it cannot read to stderr, whoever sent them, with the token in them.
  setLogVerbosity(logVerbosity.NONE)
  const server = new Server({ ...SERVER_OPTIONS, interceptors: [door({ ...doorDeps, receiveMs: RECEIVE_MS })] })
  // grpc-js answers what it does not know by itself; here it comes to the door like everything else.
  Object.assign(server, { handlers: new HandlersOfAll() })
  for (const path of GATEWAY_METHODS.keys()) {
    server.register(path, handlerOf(path, { calls, callers, refusals }), bytesAsTheyAre, bytesAsTheyAre, 'unary')
  }
  const injector = server.createConnectionInjector(ServerCredentials.createInsecure())
  return {
    inject: (socket) => strangers.admit(peerOf(socket), socket, () => injector.injectConnection(socket)),
    get refused() {
      return refusals.count
    },
    get polls() {
      return polls.size
    },
    drain: async (graceMs) => {
      polls.drain()
      await outsideOfReading()
      injector.drain(graceMs)
    },
    close: () => {
      server.forceShutdown()
      denials.close()
    },
  }
}

interface HandlerDeps {
  readonly calls: Calls
  readonly callers: WeakMap<Metadata, Caller>
  readonly refusals: RefusalLog
}

/** What comes through the door for a method of the table. */
function handlerOf(path: string, { calls, callers, refusals }: HandlerDeps) {
  const method = GATEWAY_METHODS.get(path)
  return (call: ServerUnaryCall<Buffer, Buffer>, callback: Reply): void => {
    const caller = callers.get(call.metadata)
    if (!method || !caller) throw new Error(`${path} was called past the door`)
    const { authenticated, address, stream } = caller
    const gone = new AbortController()
    const leave = (): void => gone.abort()
    call.once('cancelled', leave)
    const reply: Reply = (...answer) => {
      // grpc-js says so of every call, in the end.
      call.off('cancelled', leave)
      callback(...answer)
    }
    const incoming = {
      method,
      authenticated,
      message: call.request,
      about: aboutOf(call.metadata),
      deadlineMs: Number(call.getDeadline()),
      callerGone: gone.signal,
    }
    calls.handle(incoming).then(
      ({ message, undelivered }) => {
        reply(null, Buffer.from(message.buffer, message.byteOffset, message.byteLength))
        if (undelivered && stream) whenLost(stream, undelivered)
      },
      (error: unknown) => {
        const refusal = refusals.refusalOf(error, { path, address, agent: authenticated.agent })
        reply({ code: refusal.code, details: refusal.message })
      },
    )
  }
}

type Reply = (error: { code: status; details: string } | null, answer?: Buffer) => void

/** As `ServerInterceptingCall.getPeer()` has it. */
const peerOf = (socket: Duplex): string => {
  const { remoteAddress, remotePort } = socket as Partial<Socket>
  return `${remoteAddress ?? ''}:${remotePort ?? ''}`
}

/** Gives every path a handler. One that is not registered is never called: the door refuses before. */
class HandlersOfAll extends Map<string, object> {
  override get(path: string): object {
    return (
      super.get(path) ?? {
        path,
        type: 'bidi',
        func: () => undefined,
        serialize: bytesAsTheyAre,
        deserialize: bytesAsTheyAre,
      }
    )
  }
}

/** What agents of ours say in their metadata; what others say there is cut to a printable line. */
const aboutOf = (metadata: Metadata): AgentAbout => ({
  key: printable(metadata.get(AGENT_KEY_HEADER)[0]),
  host: printable(metadata.get(AGENT_HOST_HEADER)[0]),
  version: printable(metadata.get(AGENT_VERSION_HEADER)[0]),
})
