import { describe, expect, test } from 'vitest'
import { agentQueue, assertCommandName, assertInvocationId, invocationId } from './names.js'

describe('assertCommandName', () => {
  test.each(['a', 'generate-report', 'Reports.v2_final', 'a'.repeat(100), 'defaults', 'alien'])('takes %s', (name) => {
    expect(() => assertCommandName(name)).not.toThrow()
  })

  const notNames: readonly [name: unknown, quoted: string][] = [
    ['', '""'],
    ['9lives', '"9lives"'],
    ['-a', '"-a"'],
    ['a b', '"a b"'],
    ['a/b', '"a/b"'],
    ["a'b", `"a'b"`],
    ['é', '"é"'],
    ['a\n', '"a\\n"'],
    ['a'.repeat(101), `"${'a'.repeat(101)}"`],
    [7, '7'],
    [undefined, 'undefined'],
  ]

  test.each(notNames)('refuses %j', (name, quoted) => {
    expect(() => assertCommandName(name)).toThrow(
      expect.objectContaining({
        name: 'CommandError',
        code: 'invalid_request',
        message: `command name ${quoted} must start with a letter and have at most 100 letters, digits, ".", "_" or "-"`,
      }),
    )
  })

  test.each(['default', 'alien.health'])('keeps %s for ourselves', (name) => {
    expect(() => assertCommandName(name)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: `command name "${name}" is reserved; choose another`,
      }),
    )
  })
})

describe('assertInvocationId', () => {
  test.each([invocationId('generate-report', '0'.repeat(32)), `inv_${'a'.repeat(16)}`, `inv_${'a'.repeat(180)}`])(
    'takes %s',
    (id) => {
      expect(() => assertInvocationId(id)).not.toThrow()
    },
  )

  test('takes the id of the longest name with a SHA-256 digest', () => {
    expect(() => assertInvocationId(invocationId('a'.repeat(100), 'f'.repeat(64)))).not.toThrow()
  })

  const notIds: readonly [id: unknown, quoted: string][] = [
    ['', '""'],
    [`inv_${'a'.repeat(15)}`, `"inv_${'a'.repeat(15)}"`],
    [`inv_${'a'.repeat(181)}`, `"inv_${'a'.repeat(181)}"`],
    [`wf_${'a'.repeat(16)}`, `"wf_${'a'.repeat(16)}"`],
    [`inv_${'a'.repeat(15)}/`, `"inv_${'a'.repeat(15)}/"`],
    [null, 'null'],
  ]

  test.each(notIds)('refuses %j', (id, quoted) => {
    expect(() => assertInvocationId(id)).toThrow(
      expect.objectContaining({
        name: 'CommandError',
        code: 'invalid_request',
        message: `invocation id ${quoted} must be "inv_" and 16 to 180 letters, digits, ".", "_" or "-"`,
      }),
    )
  })
})

test('an invocation id starts with its command, for whoever reads it in the Web UI', () => {
  expect(invocationId('generate-report', '2f6c')).toBe('inv_generate-report_2f6c')
})

test('a deployment has one queue, and one more for each function it names', () => {
  expect(agentQueue('dep_1')).toBe('deployment-dep_1')
  expect(agentQueue('dep_1', 'agent')).toBe('deployment-dep_1/agent')
})
