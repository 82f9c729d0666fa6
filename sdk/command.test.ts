import { describe, expect, expectTypeOf, test } from 'vitest'
import { z } from 'zod'
import { command, type Handler } from './command.js'
import type { CommandContext } from './context.js'
import { moduleRegistry } from './registry.js'

test('registers the handler under its name, and gives the definition', () => {
  const handler = () => 1
  const definition = command('registers', handler)
  expect(definition).toEqual({ name: 'registers', options: {}, handler })
  expect([...moduleRegistry]).toContain(definition)
})

test('the definition is frozen, and its options are a copy', () => {
  const options = { description: 'a report', timeout: '30s' }
  const definition = command('frozen', options, () => 1)
  options.timeout = '1h'
  expect(definition.options).toEqual({ description: 'a report', timeout: '30s' })
  expect(Object.isFrozen(definition) && Object.isFrozen(definition.options)).toBe(true)
})

describe('refuses', () => {
  test('a name that breaks the rule', () => {
    expect(() => command('9lives', () => 1)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: 'command name "9lives" must start with a letter and have at most 100 letters, digits, ".", "_" or "-"',
      }),
    )
  })

  test('a name that is taken', () => {
    command('taken', () => 1)
    expect(() => command('taken', () => 2)).toThrow(
      expect.objectContaining({
        code: 'conflict',
        message: 'command "taken" is defined twice; give one of the two another name',
      }),
    )
  })

  test.each([[undefined], [{}], [{}, undefined], [{}, 'text']])('%j in place of a handler', (...rest) => {
    const untyped = command as (...args: readonly unknown[]) => unknown
    expect(() => untyped('no-handler', ...rest)).toThrow(
      expect.objectContaining({
        code: 'invalid_request',
        message: 'command "no-handler" needs a handler function as its last argument',
      }),
    )
    expect(moduleRegistry.names).not.toContain('no-handler')
  })
})

test('schemas type the handler: params as they come out, the result as it goes in', () => {
  const params = z.object({ limit: z.number().default(10) })
  const result = z.string().transform(Number)
  command('typed', { params, result }, (given, context) => {
    expectTypeOf(given).toEqualTypeOf<{ limit: number }>()
    expectTypeOf(context).toEqualTypeOf<CommandContext>()
    return String(given.limit)
  })
  // @ts-expect-error -- the result schema takes text
  command('mistyped', { result }, () => 7)
  expectTypeOf<Handler>().parameter(0).toBeAny()
})
