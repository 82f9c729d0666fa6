/** A client that speaks gRPC with bytes: it sends what no SDK would. */
import { Client, credentials, Metadata, status, type ServiceError } from '@grpc/grpc-js'
import proto from '@temporalio/proto'

export interface GrpcAnswer {
  /** Name of the gRPC status. */
  readonly code: keyof typeof status
  readonly details: string
  readonly message: Buffer
}

export interface HostileCall {
  /** A method of WorkflowService, or a whole path when it begins with a slash. */
  readonly method: string
  readonly request?: Uint8Array | undefined
  /** Value of the `authorization` header. Default: the client's own token. `null` sends none. */
  readonly authorization?: string | readonly string[] | null
  readonly metadata?: Readonly<Record<string, string>>
  /** Default: 10 s. */
  readonly timeoutMs?: number
}

export const WORKFLOW_SERVICE = 'temporal.api.workflowservice.v1.WorkflowService'
const TIMEOUT_MS = 10_000
const CODE_NAMES = Object.keys(status) as (keyof typeof status)[]

const asItIs = (bytes: Buffer): Buffer => bytes

export class HostileClient {
  readonly #client: Client
  readonly #token: string

  /** @param address `host:port` */
  constructor(address: string, token: string) {
    this.#token = token
    this.#client = new Client(address, credentials.createInsecure(), {
      // A connection of its own for each client, so that none is spared another's punishment.
      'grpc.use_local_subchannel_pool': 1,
      'grpc.max_receive_message_length': -1,
    })
  }

  call(call: HostileCall): Promise<GrpcAnswer> {
    return this.start(call).answer
  }

  start(call: HostileCall): { readonly answer: Promise<GrpcAnswer>; readonly cancel: () => void } {
    const path = call.method.startsWith('/') ? call.method : `/${WORKFLOW_SERVICE}/${call.method}`
    let cancel: () => void = () => undefined
    const answer = new Promise<GrpcAnswer>((resolve) => {
      const unary = this.#client.makeUnaryRequest(
        path,
        asItIs,
        asItIs,
        Buffer.from(call.request ?? new Uint8Array()),
        this.#metadata(call),
        { deadline: Date.now() + (call.timeoutMs ?? TIMEOUT_MS) },
        (error: ServiceError | null, message?: Buffer) =>
          resolve({ code: nameOf(error), details: error?.details ?? '', message: message ?? Buffer.alloc(0) }),
      )
      cancel = () => unary.cancel()
    })
    return { answer, cancel }
  }

  close(): void {
    this.#client.close()
  }

  #metadata({ authorization = `Bearer ${this.#token}`, metadata: more = {} }: HostileCall): Metadata {
    const metadata = new Metadata()
    for (const value of [authorization ?? []].flat()) metadata.add('authorization', value)
    for (const [key, value] of Object.entries(more)) metadata.set(key, value)
    return metadata
  }
}

const nameOf = (error: ServiceError | null): keyof typeof status =>
  CODE_NAMES.find((name) => status[name] === (error?.code ?? status.OK)) ?? 'UNKNOWN'

export const { temporal } = proto
export const service = temporal.api.workflowservice.v1
