/** An agent that speaks gRPC by hand, and so may say anything. */
import { Client, credentials, Metadata, type ChannelCredentials, type ServiceError } from '@grpc/grpc-js'
import proto from '@temporalio/proto'
import type protobuf from 'protobufjs'

const root = proto as unknown as protobuf.Root
export const WORKFLOW_SERVICE = 'temporal.api.workflowservice.v1.WorkflowService'

const asBytes = (bytes: Buffer): Buffer => bytes

/** gRPC's names of what a call came to. */
export type CallError = Pick<ServiceError, 'code' | 'details'>

export class RawAgent {
  readonly #client: Client
  readonly #token: string | undefined

  constructor(url: string, token: string | undefined, channel: ChannelCredentials = credentials.createInsecure()) {
    // A connection of its own, to be cut off without the others.
    this.#client = new Client(new URL(url).host, channel, { 'grpc.use_local_subchannel_pool': 1 })
    this.#token = token
  }

  /** @param path of any gRPC method */
  send(path: string, request: Uint8Array, deadlineMs = 10_000) {
    const metadata = new Metadata()
    if (this.#token !== undefined) metadata.set('authorization', `Bearer ${this.#token}`)
    let cancel: () => void = () => undefined
    const answer = new Promise<Buffer>((resolve, reject) => {
      const deadline = Date.now() + deadlineMs
      const call = this.#client.makeUnaryRequest(
        path,
        asBytes,
        asBytes,
        Buffer.from(request),
        metadata,
        { deadline },
        (error, bytes) => {
          if (error) reject(error)
          else resolve(bytes ?? Buffer.alloc(0))
        },
      )
      cancel = () => call.cancel()
    })
    return { answer, cancel }
  }

  /** A method of Temporal's workflow service, with its request and its answer as objects. */
  async call(method: string, request: object, deadlineMs?: number): Promise<Record<string, unknown>> {
    const { answer } = this.send(`/${WORKFLOW_SERVICE}/${method}`, encoded(method, request), deadlineMs)
    const type = root.lookupType(`temporal.api.workflowservice.v1.${method}Response`)
    return type.toObject(type.decode(await answer), { defaults: true, bytes: Buffer })
  }

  /** What the call was refused with. */
  refusal(method: string, request: object, deadlineMs?: number): Promise<CallError | 'let through'> {
    return refusalOf(this.call(method, request, deadlineMs))
  }

  close(): void {
    this.#client.close()
  }
}

export async function refusalOf(answer: Promise<unknown>): Promise<CallError | 'let through'> {
  try {
    await answer
    return 'let through'
  } catch (error) {
    const { code, details } = error as ServiceError
    return { code, details }
  }
}

export function encoded(method: string, request: object): Uint8Array {
  const type = root.lookupType(`temporal.api.workflowservice.v1.${method}Request`)
  return type.encode(type.fromObject(request)).finish()
}

/** gRPC paths of all that is in Temporal's protocol. */
export function everyMethod(): string[] {
  const paths: string[] = []
  const walk = (space: protobuf.NamespaceBase): void => {
    for (const nested of space.nestedArray) {
      if ('methods' in nested) {
        const service = nested as protobuf.Service
        paths.push(...Object.keys(service.methods).map((name) => `/${service.fullName.slice(1)}/${name}`))
      }
      if ('nestedArray' in nested) walk(nested as protobuf.NamespaceBase)
    }
  }
  walk(root)
  return paths
}
