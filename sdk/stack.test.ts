import { expect, test } from 'vitest'
import { Function, type FunctionDefinition } from './function.js'
import { Stack } from './stack.js'

const functionNamed = (name: string): Function =>
  new Function(name).code({ type: 'source', src: './', toolchain: { type: 'typescript' } })

test('a stack is a frozen value with its functions in order', () => {
  const [web, agent] = [functionNamed('web').build(), functionNamed('agent').build()]
  const builder = new Stack('acme').add(web)
  const early = builder.build()
  const stack = builder.add(agent).build()
  expect(stack).toEqual({ kind: 'stack', name: 'acme', functions: [web, agent] })
  expect(Object.isFrozen(stack) && Object.isFrozen(stack.functions)).toBe(true)
  expect(early.functions).toEqual([web])
})

const rules: readonly [code: string, message: string, build: () => unknown][] = [
  [
    'invalid_request',
    'stack name "Acme" must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit',
    () => new Stack('Acme'),
  ],
  [
    'conflict',
    'stack "acme" has two functions "agent"; give one of the two another name',
    () => new Stack('acme').add(functionNamed('agent').build()).add(functionNamed('agent').build()),
  ],
  [
    'invalid_request',
    'stack "acme": add() takes what .build() returns; call .build() on function "agent"',
    () => new Stack('acme').add(functionNamed('agent') as unknown as FunctionDefinition),
  ],
  [
    'invalid_request',
    `stack "acme": add() takes a function's definition, got "agent"`,
    () => new Stack('acme').add('agent' as unknown as FunctionDefinition),
  ],
  [
    'invalid_request',
    `stack "acme": add() takes a function's definition, got an object`,
    () => new Stack('acme').add({ kind: 'stack' } as unknown as FunctionDefinition),
  ],
]

test.each(rules)('%s: %s', (code, message, build) => {
  expect(build).toThrow(expect.objectContaining({ name: 'CommandError', code, message }))
})
