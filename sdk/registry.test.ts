import { expect, test } from 'vitest'
import type { CommandDefinition } from './command.js'
import { CommandRegistry } from './registry.js'

const named = (name: string): CommandDefinition => ({ name, options: {}, handler: () => null })

test('keeps the order in which commands were defined', () => {
  const [b, a] = [named('b'), named('a')]
  const registry = new CommandRegistry([b])
  registry.add(a)
  expect(registry.names).toEqual(['b', 'a'])
  expect([...registry]).toEqual([b, a])
})

test('two commands of one name are a conflict, also at construction', () => {
  const conflict = expect.objectContaining({
    name: 'CommandError',
    code: 'conflict',
    message: 'command "a" is defined twice; give one of the two another name',
  }) as Error
  const registry = new CommandRegistry([named('a')])
  expect(() => registry.add(named('a'))).toThrow(conflict)
  expect(() => new CommandRegistry([named('a'), named('a')])).toThrow(conflict)
  expect(registry.names).toEqual(['a'])
})
