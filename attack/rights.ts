/**
 * What an agent's call may look like when it reaches Temporal, told a second time and in another way than the gateway
 * tells it: with Temporal's own types, from the outside.
 */
import protobuf from 'protobufjs'
import { temporal, WORKFLOW_SERVICE } from './hostile-client.js'

export interface Rights {
  readonly namespace: string
  readonly identity: string
  readonly queues: ReadonlySet<string>
  /** Whether this is Temporal's own token of a task that the agent was given. */
  readonly ownsToken: (token: Uint8Array) => boolean
}

/** All that may be called, and which fields of each request may be there. */
const METHODS: Readonly<Record<string, readonly number[]>> = {
  GetSystemInfo: [],
  DescribeNamespace: [1],
  PollActivityTaskQueue: [1, 2, 3, 8],
  RespondActivityTaskCompleted: [1, 2, 3, 4],
  RespondActivityTaskFailed: [1, 2, 3, 4, 5],
  RespondActivityTaskCanceled: [1, 2, 3, 4],
  RecordActivityTaskHeartbeat: [1, 2, 3, 4],
  RecordWorkerHeartbeat: [1, 2, 3],
  ShutdownWorker: [1, 3, 5, 6, 7, 8],
}

const root = temporal as unknown as protobuf.Namespace
root.root.resolveAll()

/** A request of any method of the table, as far as it names something. */
interface Request {
  readonly namespace?: string
  readonly identity?: string
  readonly taskToken?: Uint8Array
  readonly taskQueue?: string | { readonly name: string; readonly kind: number; readonly normalName: string }
  readonly workerHeartbeat?: Heartbeat | readonly Heartbeat[]
}

interface Heartbeat {
  readonly taskQueue: string
  readonly workerIdentity: string
}

export const requestType = (method: string): protobuf.Type =>
  root.root.lookupType(`temporal.api.workflowservice.v1.${method}Request`)

/** What is wrong with a call that reached Temporal; `undefined` when the agent had the right to make it. */
export function breachOf(path: string, request: Uint8Array, rights: Rights): string | undefined {
  const method = path.replace(`/${WORKFLOW_SERVICE}/`, '')
  const fields = Object.hasOwn(METHODS, method) ? METHODS[method] : undefined
  if (fields === undefined) return `${path} is not for agents`
  const type = requestType(method)
  const foreign = foreignPart(type, request, fields)
  if (foreign !== undefined) return `${method} with ${foreign}`
  const decoded = type.toObject(type.decode(request), { defaults: true }) as Request
  const wrong = wrongName(decoded, rights)
  return wrong === undefined ? undefined : `${method} for ${wrong}`
}

function wrongName(request: Request, { namespace, identity, queues, ownsToken }: Rights): string | undefined {
  const { taskQueue } = request
  if ((request.namespace ?? namespace) !== namespace) return `namespace ${String(request.namespace)}`
  if ((request.identity ?? identity) !== identity) return `identity ${String(request.identity)}`
  if (typeof taskQueue === 'string' && !queues.has(taskQueue)) return `queue ${taskQueue}`
  if (typeof taskQueue === 'object') {
    if (!queues.has(taskQueue.name)) return `queue ${taskQueue.name}`
    if (taskQueue.kind !== 1 || taskQueue.normalName) return `a queue of kind ${taskQueue.kind}`
  }
  if (request.taskToken !== undefined && !ownsToken(request.taskToken)) return "another's task"
  for (const heartbeat of [request.workerHeartbeat ?? []].flat()) {
    if (!queues.has(heartbeat.taskQueue)) return `a worker on queue ${heartbeat.taskQueue}`
    if (heartbeat.workerIdentity !== identity) return `a worker called ${heartbeat.workerIdentity}`
  }
  return undefined
}

const MAX_LEVELS = 60

/** A part of the message that its type does not know. @param allowed fields of the outermost level */
export function foreignPart(
  type: protobuf.Type,
  message: Uint8Array,
  allowed?: readonly number[],
  level = 0,
): string | undefined {
  if (level > MAX_LEVELS) return `more than ${MAX_LEVELS} levels`
  const reader = protobuf.Reader.create(message)
  const seen = new Set<number>()
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    const id = tag >>> 3
    const field = type.fieldsById[id]
    if (field === undefined) return `unknown field ${id} of ${type.name}`
    if (allowed && !allowed.includes(id)) return `field ${id} of ${type.name}`
    if (allowed && seen.has(id) && !field.repeated) return `field ${id} of ${type.name} twice`
    seen.add(id)
    if (!wireTypesOf(field).includes(tag & 7)) return `wire type ${tag & 7} in field ${id} of ${type.name}`
    if ((tag & 7) !== 2) reader.skipType(tag & 7)
    else {
      const part = foreignContent(field, reader.bytes(), level)
      if (part !== undefined) return part
    }
  }
  return undefined
}

function foreignContent(field: protobuf.Field, content: Uint8Array, level: number): string | undefined {
  const { resolvedType } = field
  if (!field.map) {
    return resolvedType instanceof protobuf.Type ? foreignPart(resolvedType, content, undefined, level + 1) : undefined
  }
  const entry = protobuf.Reader.create(content)
  while (entry.pos < entry.len) {
    const tag = entry.uint32()
    if (tag !== 10 && tag !== 18) return `tag ${tag} in a map entry of ${field.name}`
    const value = entry.bytes()
    if (tag === 10 || !(resolvedType instanceof protobuf.Type)) continue
    const part = foreignPart(resolvedType, value, undefined, level + 1)
    if (part !== undefined) return part
  }
  return undefined
}

function wireTypesOf(field: protobuf.Field): readonly number[] {
  if (field.map || field.resolvedType instanceof protobuf.Type) return [2]
  const scalar = field.resolvedType ? 0 : protobuf.types.basic[field.type as 'int32']
  return field.repeated ? [scalar, 2] : [scalar]
}

/** Id of the workflow that a token of Temporal's is for. */
export function workflowOfToken(token: Uint8Array): string {
  const reader = protobuf.Reader.create(token)
  while (reader.pos < reader.len) {
    const tag = reader.uint32()
    if (tag === 18) return reader.string()
    reader.skipType(tag & 7)
  }
  return ''
}

export const identityIn = (path: string, request: Uint8Array): string => {
  try {
    const type = requestType(path.slice(path.lastIndexOf('/') + 1))
    return (type.decode(request) as protobuf.Message & { readonly identity?: string }).identity ?? ''
  } catch {
    return ''
  }
}
