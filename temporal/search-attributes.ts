/** Makes sure that a namespace knows the search attributes that we start workflows with, or says what is to be done. */
import { setTimeout as delay } from 'node:timers/promises'
import type { Connection } from '@temporalio/client'
// Node finds no named exports in this CommonJS module.
import proto from '@temporalio/proto'
import { CommandError } from '../protocol/errors.js'
import { grpcCode } from './grpc-code.js'

const { IndexedValueType } = proto.temporal.api.enums.v1

/** The types we use, and what the API calls each. */
const TYPES: Readonly<Record<'Keyword', number>> = { Keyword: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD }

/** Name of each attribute, and its type. */
export type SearchAttributes = Readonly<Record<string, keyof typeof TYPES>>

/** Both of Temporal's connections fit. */
type Services = Pick<Connection, 'workflowService' | 'operatorService'>

/** gRPC's status codes. */
const STATUS = { invalidArgument: 3, alreadyExists: 6, permissionDenied: 7, unimplemented: 12 }

/** The dev server takes 0.1 s; a frontend of a cluster learns of it when it next reads the namespace, up to 10 s. */
const USABLE_TIMEOUT_MS = 30_000
/** A namespace has 10 visibility calls a second by default; leave room for others. */
const PROBE_INTERVAL_MS = 250

/**
 * Resolves when workflows can be started and listed with all of `attributes`. Adds the missing ones where that is
 * possible: Temporal Cloud has no API for it, and other clusters may forbid it.
 *
 * @throws CommandError `unavailable`: names the attributes to create, or the one that exists with another type
 */
export const ensureSearchAttributes = async (
  connection: Services,
  namespace: string,
  attributes: SearchAttributes,
): Promise<void> => {
  const missing = await missingSearchAttributes(connection, namespace, attributes)
  if (missing.length === 0) return
  await add(connection, namespace, attributes, missing)
  await untilUsable(connection, namespace, missing)
}

/** Names of those that are not there. @throws CommandError `unavailable` when one exists with another type */
export const missingSearchAttributes = async (
  connection: Services,
  namespace: string,
  attributes: SearchAttributes,
): Promise<string[]> => {
  const existing = await listTypes(connection, namespace)
  const names = Object.keys(attributes)
  if (existing === undefined) return unusable(connection, namespace, names)
  checkTypes(existing, namespace, attributes)
  return names.filter((name) => existing[name] === undefined)
}

/** Types of the attributes that exist; `undefined` where the cluster does not let us ask. */
const listTypes = async (connection: Services, namespace: string): Promise<Record<string, number> | undefined> => {
  try {
    return (await connection.operatorService.listSearchAttributes({ namespace })).customAttributes
  } catch (error) {
    if (isForbidden(error)) return undefined
    throw error
  }
}

const isForbidden = (error: unknown): boolean =>
  grpcCode(error) === STATUS.permissionDenied || grpcCode(error) === STATUS.unimplemented

const checkTypes = (existing: Record<string, number>, namespace: string, attributes: SearchAttributes): void => {
  for (const [name, type] of Object.entries(attributes)) {
    const found = existing[name]
    if (found === undefined || found === TYPES[type]) continue
    throw new CommandError(
      'unavailable',
      `search attribute "${name}" of namespace "${namespace}" is of type ${nameOf(found)}, and ${type} is needed;` +
        ' rename the old one or use another namespace',
    )
  }
}

/** `INDEXED_VALUE_TYPE_KEYWORD_LIST` -> `KeywordList`, as the CLI and the Web UI write it. */
const nameOf = (type: number): string =>
  (IndexedValueType[type] ?? String(type))
    .replace('INDEXED_VALUE_TYPE_', '')
    .replace(/([A-Z])([A-Z]*)_?/g, (_, first: string, rest: string) => first + rest.toLowerCase())

/** Those of `names` that a query may not use yet. */
const unusable = async (connection: Services, namespace: string, names: readonly string[]): Promise<string[]> => {
  const missing: string[] = []
  for (const name of names) {
    try {
      await connection.workflowService.countWorkflowExecutions({ namespace, query: `${name} = "probe"` })
    } catch (error) {
      if (grpcCode(error) !== STATUS.invalidArgument) throw error
      missing.push(name)
    }
  }
  return missing
}

const add = async (
  connection: Services,
  namespace: string,
  attributes: SearchAttributes,
  missing: readonly string[],
): Promise<void> => {
  const types = Object.entries(attributes).filter(([name]) => missing.includes(name))
  const searchAttributes = Object.fromEntries(types.map(([name, type]) => [name, TYPES[type]]))
  try {
    await connection.operatorService.addSearchAttributes({ namespace, searchAttributes })
  } catch (error) {
    // Another process may have been quicker.
    if (grpcCode(error) === STATUS.alreadyExists) return
    if (!isForbidden(error)) throw error
    const list = types.map(([name, type]) => `${name} (${type})`).join(', ')
    throw new CommandError(
      'unavailable',
      `namespace "${namespace}" lacks search attributes and does not let us add them; create these in the Web UI` +
        ` of Temporal Cloud, or with "temporal operator search-attribute create": ${list}`,
      { cause: error },
    )
  }
}

const untilUsable = async (connection: Services, namespace: string, names: readonly string[]): Promise<void> => {
  const deadline = Date.now() + USABLE_TIMEOUT_MS
  for (;;) {
    const waiting = await unusable(connection, namespace, names)
    if (waiting.length === 0) return
    if (Date.now() > deadline) {
      throw new CommandError(
        'unavailable',
        `search attributes ${waiting.join(', ')} of namespace "${namespace}" were added and are still not usable` +
          ` after ${USABLE_TIMEOUT_MS / 1000} s; try again`,
      )
    }
    await delay(PROBE_INTERVAL_MS)
  }
}
