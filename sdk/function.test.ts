import { describe, expect, test } from 'vitest'
import * as alien from './function.js'
import { storage } from './storage.js'
import { vault } from './vault.js'

const CODE = { type: 'source', src: './', toolchain: { type: 'typescript' } } as const

describe('the function of the product page', () => {
  const agent = new alien.Function('agent').code(CODE).commandsEnabled(true).build()

  test('is a value', () => {
    expect(agent).toEqual({ kind: 'function', name: 'agent', code: CODE, commandsEnabled: true, links: [] })
  })

  test('is frozen, all the way down, and a copy', () => {
    for (const part of [agent, agent.code, agent.code.toolchain, agent.links]) expect(Object.isFrozen(part)).toBe(true)
    expect(agent.code).not.toBe(CODE)
  })
})

test('links are frozen values, in order', () => {
  const binding = { service: 's3', bucket: 'b' } as const
  const { links } = new alien.Function('agent')
    .code(CODE)
    .link(storage('workspace'), binding)
    .link(vault('credentials'))
    .build()
  expect(links).toEqual([
    { kind: 'storage', name: 'workspace', binding },
    { kind: 'vault', name: 'credentials' },
  ])
  for (const part of [links, links[0], links[0]?.binding, links[1]]) expect(Object.isFrozen(part)).toBe(true)
})

test('commands are off unless they are enabled', () => {
  expect(new alien.Function('agent').code(CODE).build().commandsEnabled).toBe(false)
  expect(new alien.Function('agent').code(CODE).commandsEnabled(false).build().commandsEnabled).toBe(false)
})

const rules: readonly [message: string, build: () => unknown][] = [
  [
    'function name "My Agent" must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit',
    () => new alien.Function('My Agent'),
  ],
  [
    `function "agent": code is missing; call .code({ type: 'source', src: './', toolchain: { type: 'typescript' } }) before .build()`,
    () => new alien.Function('agent').commandsEnabled(true).build(),
  ],
  [
    'function "agent": link() takes storage(name) or vault(name), got "workspace"',
    () => new alien.Function('agent').link('workspace' as never),
  ],
  [
    'function "agent": the binding of storage "workspace" must be an object',
    () => new alien.Function('agent').link(storage('workspace'), 's3' as never),
  ],
  [
    'function "agent": link() has ALIEN_WORKSPACE_BINDING already, which "workspace" needs',
    () => new alien.Function('agent').link(storage('workspace')).link(vault('workspace')),
  ],
  ['function "agent": code() was called twice', () => new alien.Function('agent').code(CODE).code(CODE)],
  [
    'function "agent": commandsEnabled() was called twice',
    () => new alien.Function('agent').commandsEnabled(false).commandsEnabled(true),
  ],
  [
    'function "agent": commandsEnabled() takes a boolean, got "yes"',
    () => new alien.Function('agent').commandsEnabled('yes' as unknown as boolean),
  ],
  ['function "agent": code() takes an object, got "./"', () => withCode('./')],
  ['function "agent": unknown code type "image"; known: "source"', () => withCode({ ...CODE, type: 'image' })],
  ['function "agent": unknown code type undefined; known: "source"', () => withCode({})],
  ['function "agent": code src must be a folder, got ""', () => withCode({ ...CODE, src: '' })],
  ['function "agent": code src must be a folder, got undefined', () => withCode({ ...CODE, src: undefined })],
  [
    'function "agent": code toolchain must be an object, got "typescript"',
    () => withCode({ ...CODE, toolchain: 'typescript' }),
  ],
  [
    'function "agent": unknown toolchain type "rust"; known: "typescript"',
    () => withCode({ ...CODE, toolchain: { type: 'rust' } }),
  ],
]

const withCode = (code: unknown): unknown => new alien.Function('agent').code(code as typeof CODE)

test.each(rules)('%s', (message, build) => {
  expect(build).toThrow(expect.objectContaining({ name: 'CommandError', code: 'invalid_request', message }))
})
