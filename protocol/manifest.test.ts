import { expect, test } from 'vitest'
import { agentSessionRequestSchema } from './agent-session.js'
import { describeIssues } from './issues.js'
import { manifestCommandSchema } from './manifest.js'

test('a command of a manifest is read as it is, its policy in milliseconds', () => {
  const command = {
    name: 'generate-report',
    description: 'a report for a period',
    readOnly: true,
    params: { type: 'object' },
    result: { type: 'object' },
    policy: { timeout: '30s' },
  }
  expect(manifestCommandSchema.parse(command)).toEqual({ ...command, policy: { timeout: 30_000 } })
  expect(manifestCommandSchema.parse({ name: 'a', policy: {} })).toStrictEqual({ name: 'a', policy: {} })
})

test.each<[unknown, string]>([
  [
    { name: '9lives', policy: {} },
    'name: command name "9lives" must start with a letter and have at most 100 letters, digits, ".", "_" or "-"',
  ],
  [{ name: 'default', policy: {} }, 'name: command name "default" is reserved; choose another'],
  [
    { name: 'a', policy: {}, description: 'x'.repeat(2_001) },
    'description: Too big: expected string to have <=2000 characters',
  ],
  [{ name: 'a', policy: {}, params: [] }, 'params: Invalid input: expected record, received array'],
  [{ name: 'a', policy: {}, result: true }, 'result: Invalid input: expected record, received boolean'],
  [{ name: 'a', policy: {}, readOnly: 1 }, 'readOnly: Invalid input: expected boolean, received number'],
  [{ name: 'a' }, 'policy: Invalid input: expected object, received undefined'],
  [{ name: 'a', policy: {}, timeout: '1s' }, 'Unrecognized key: "timeout"'],
])('%j: %s', (command, message) => {
  const { error } = manifestCommandSchema.safeParse(command)
  expect(error && describeIssues(error)).toBe(message)
})

const commands = (count: number) => Array.from({ length: count }, (_, index) => ({ name: `c${index}`, policy: {} }))

test('an agent that names no function runs the only one', () => {
  expect(agentSessionRequestSchema.parse({ commands: commands(1_000) })).toEqual({
    function: '',
    commands: commands(1_000),
  })
})

test.each<[unknown, string]>([
  [{ commands: commands(1_001) }, 'commands: Too big: expected array to have <=1000 items'],
  [
    { commands: [], function: 'a\0b' },
    'function: function name "a\\u0000b" must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit',
  ],
  [{ commands: [], functions: [] }, 'Unrecognized key: "functions"'],
])('a session request is checked: %#', (request, message) => {
  const { error } = agentSessionRequestSchema.safeParse(request)
  expect(error && describeIssues(error)).toBe(message)
})
