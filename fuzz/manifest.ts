/** The manifest that an agent publishes: JSON from a stranger. */
import fc from 'fast-check'
import { agentSessionRequestSchema } from '../protocol/agent-session.js'
import { assertCommandName } from '../protocol/names.js'
import { resourceNameProblem } from '../protocol/resource-name.js'
import { bodyFuzzer } from './body-fuzzer.js'

const names = fc.oneof(
  fc.constantFrom('echo', 'a', 'default', 'alien.x', '__proto__', 'constructor', '', 'x'.repeat(101), 'é', 'a\0'),
  fc.string(),
)
const limits = fc.oneof(fc.constantFrom('1s', '1', -1, 0, 1, 1e300, null, '1 parsec', '9'.repeat(400)), fc.jsonValue())

const policy = fc.oneof(
  fc.record(
    {
      timeout: limits,
      queueTimeout: limits,
      deadline: limits,
      retry: fc.oneof(
        fc.record({ maxAttempts: limits, initialInterval: limits }, { requiredKeys: [] }),
        fc.jsonValue(),
      ),
      atMostOnce: fc.oneof(fc.boolean(), fc.jsonValue()),
      unknown: fc.constant(1),
    },
    { requiredKeys: [] },
  ),
  fc.constant({}),
)

const command = fc.record(
  {
    name: names,
    description: fc.oneof(fc.string(), fc.constant('x'.repeat(2_001)), fc.jsonValue()),
    params: fc.oneof(fc.dictionary(names, fc.jsonValue({ maxDepth: 3 })), fc.jsonValue()),
    result: fc.jsonValue(),
    policy,
  },
  { requiredKeys: ['name', 'policy'] },
)

const manifests = fc.oneof(
  fc.record(
    { function: fc.oneof(names, fc.jsonValue()), commands: fc.array(command, { maxLength: 3 }) },
    { requiredKeys: ['commands'] },
  ),
  fc.jsonValue(),
)

export const MANIFEST_FUZZER = bodyFuzzer('manifest', manifests, agentSessionRequestSchema, (body) => {
  for (const { name, ...rest } of body.commands) {
    assertCommandName(name)
    const foreign = Object.keys(rest).find((key) => !['description', 'params', 'result', 'policy'].includes(key))
    if (foreign !== undefined) throw new Error(`accepted: a command with "${foreign}"`)
  }
  if (body.function !== '' && resourceNameProblem('function', body.function) !== undefined) {
    throw new Error('accepted: a bad function name')
  }
})
