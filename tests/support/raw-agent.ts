/** An agent that speaks gRPC by hand, and so may say anything: the attacks' client, with requests and answers as objects. */
import { status, type ServiceError } from '@grpc/grpc-js'
import proto from '@temporalio/proto'
import type protobuf from 'protobufjs'
import { HostileClient, WORKFLOW_SERVICE, type GrpcAnswer } from '../../attack/hostile-client.js'

export { WORKFLOW_SERVICE }

const root = proto as unknown as protobuf.Root

/** gRPC's names of what a call came to. */
export type CallError = Pick<ServiceError, 'code' | 'details'>

export class RawAgent {
  readonly #client: HostileClient
  readonly #hasToken: boolean

  constructor(url: string, token: string | undefined) {
    this.#client = new HostileClient(new URL(url).host, token ?? '')
    this.#hasToken = token !== undefined
  }

  /** @param path of any gRPC method */
  send(path: string, request: Uint8Array, timeoutMs?: number) {
    const { answer, cancel } = this.#client.start({
      method: path,
      request,
      ...(this.#hasToken ? {} : { authorization: null }),
      ...(timeoutMs === undefined ? {} : { timeoutMs }),
    })
    return { answer: answer.then(messageOf), cancel }
  }

  /** A method of Temporal's workflow service, with its request and its answer as objects. */
  async call(method: string, request: object, timeoutMs?: number): Promise<Record<string, unknown>> {
    const { answer } = this.send(`/${WORKFLOW_SERVICE}/${method}`, encoded(method, request), timeoutMs)
    const type = root.lookupType(`temporal.api.workflowservice.v1.${method}Response`)
    return type.toObject(type.decode(await answer), { defaults: true, bytes: Buffer })
  }

  /** What the call was refused with. */
  refusal(method: string, request: object, timeoutMs?: number): Promise<CallError | 'let through'> {
    return refusalOf(this.call(method, request, timeoutMs))
  }

  close(): void {
    this.#client.close()
  }
}

/** @throws {CallError} */
function messageOf({ code, details, message }: GrpcAnswer): Buffer {
  if (code === 'OK') return message
  throw Object.assign(new Error(`${code}: ${details}`), { code: status[code], details } satisfies CallError)
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
