/** An agent's request, made into the one that Temporal gets. */
import { identityOf } from './agent.js'
import type { RequestScope } from './fields.js'
import type { GatewayMethod } from './methods.js'
import { malformed, Refusal } from './refusal.js'
import { fieldsOf, wireField } from './wire.js'

/** @throws {Refusal} */
export function rewriteRequest(method: GatewayMethod, message: Uint8Array, scope: RequestScope): Uint8Array {
  if (message.length > method.maxBytes) {
    throw malformed(`the request has ${message.length} bytes, the limit is ${method.maxBytes}`)
  }
  try {
    return rewrite(method, message, scope)
  } catch (error) {
    if (error instanceof Refusal) throw error
    throw malformed('the request is not the protobuf message it should be')
  }
}

function rewrite(method: GatewayMethod, message: Uint8Array, scope: RequestScope): Uint8Array {
  const { fields, required, repeated = [], identity } = method
  const seen = new Set<number>()
  const parts: Uint8Array[] = []
  for (const field of fieldsOf(message)) {
    // Twice is what no encoder writes, and readers differ in which one they take.
    if (seen.has(field.id) && !repeated.includes(field.id)) throw malformed(`field ${field.id} is there twice`)
    seen.add(field.id)
    const part = fields[field.id]?.(field, scope)
    if (part !== undefined) parts.push(part)
  }
  for (const id of required) if (!seen.has(id)) throw malformed(`field ${id} is missing`)
  if (identity !== undefined && !seen.has(identity)) parts.push(wireField(identity, identityOf(scope.agent)))
  return Buffer.concat(parts)
}
