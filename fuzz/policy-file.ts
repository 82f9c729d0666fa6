/** The customer's policy file: what is wrong is told, and what is right is what the file says. */
import fc from 'fast-check'
import { parseDocument } from 'yaml'
import type { CustomerPolicy } from '../protocol/customer-policy.js'
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'
import { parseCustomerPolicy } from '../protocol/parse-customer-policy.js'
import { refusalOf } from '../protocol/policy-decision.js'
import type { Fuzzer } from './fuzzer.js'

const keys = fc.oneof(
  fc.constantFrom('$schema', 'allow', 'deny', 'readOnly', 'killSwitch', 'reason', 'maxRunTime', 'maxParamsBytes'),
  fc.constantFrom('maxResultBytes', 'deney', '__proto__', 'constructor', ''),
  fc.string(),
)
const patterns = fc.array(
  fc.oneof(fc.constantFrom('*', 'echo', 'e*o', '*-tables', '**', 'a b', '', '*'.repeat(200)), fc.string()),
  { maxLength: 4 },
)
const values = fc.oneof(
  patterns,
  fc.boolean(),
  fc.constantFrom('1s', '2h', 0, 1, -1, 1.5, 1e300, '25d', null, 'x'.repeat(501), 'two\nlines'),
  fc.string(),
  fc.jsonValue(),
)

/** A key may come twice, and its letters as escapes. */
const objects = fc.array(fc.tuple(keys, values, fc.boolean()), { maxLength: 5 }).map((entries) => {
  const texts = entries.map(([key, value, escaped]) => {
    const name = escaped ? `"${escapesOf(key)}"` : JSON.stringify(key)
    return `${name}: ${JSON.stringify(value)}`
  })
  return `{${texts.join(', ')}}`
})

const escapesOf = (text: string): string =>
  Array.from({ length: text.length }, (_, at) => `\\u${text.charCodeAt(at).toString(16).padStart(4, '0')}`).join('')

const files = fc.oneof(
  { weight: 5, arbitrary: objects },
  fc.jsonValue().map((value) => JSON.stringify(value)),
  fc.string(),
)

export const POLICY_FILE_FUZZER: Fuzzer = {
  name: 'policy-file',
  inputs: files.map((text) => Buffer.from(text)),
  check: (input) => {
    const text = Buffer.from(input).toString()
    const policy = parsed(text)
    if (policy === undefined) return
    assertSame(policy, text)
    const paramsBytes = () => 10
    for (const name of ['echo', 'drop-tables']) {
      const refusal = refusalOf({ kind: 'policy', policy }, { name, readOnly: false, paramsBytes })
      if (policy.killSwitch === true && refusal === undefined) throw new Error('let by in spite of the kill switch')
      if (policy.deny?.includes(name) === true && refusal === undefined) throw new Error(`let by: ${name}`)
    }
  },
}

function parsed(text: string): CustomerPolicy | undefined {
  try {
    return parseCustomerPolicy(text, 'alien-policy.json')
  } catch (error) {
    const isTold = error instanceof CommandError && /^policy file .*: ./.test(error.message.replaceAll('\n', ' '))
    if (!isTold) throw error
    return undefined
  }
}

/** @throws when it has other keys than the file, or the file has one twice, as a reader of YAML finds it */
function assertSame(policy: CustomerPolicy, text: string): void {
  const content = JSON.parse(text) as unknown
  if (!isPlainObject(content)) throw new Error('accepted: no object')
  if (Object.keys(policy).sort().join() !== Object.keys(content).sort().join()) {
    throw new Error('accepted: other keys than the file has')
  }
  const { errors } = parseDocument(text, { uniqueKeys: true })
  if (errors.some(({ code }) => code === 'DUPLICATE_KEY')) throw new Error('accepted: a key that comes twice')
}
