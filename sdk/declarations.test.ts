import { expect, test } from 'vitest'
import { collectDeclarations } from './declarations.js'
import { Function, type FunctionDefinition } from './function.js'

const build = (name: string): FunctionDefinition =>
  new Function(name).code({ type: 'source', src: './', toolchain: { type: 'typescript' } }).build()

test('what is built while loading is collected in order, and nothing else', async () => {
  build('before')
  const { result, functions } = await collectDeclarations(async () => {
    const first = build('b')
    await Promise.resolve()
    return [first, build('a')]
  })
  build('after')
  expect(functions).toEqual(result)
  expect(functions.map(({ name }) => name)).toEqual(['b', 'a'])
  expect((await collectDeclarations(() => Promise.resolve())).functions).toEqual([])
})

test('two functions of the same name are refused', async () => {
  const load = (): Promise<unknown> => Promise.resolve([build('agent'), build('agent')])
  await expect(collectDeclarations(load)).rejects.toMatchObject({
    name: 'CommandError',
    code: 'conflict',
    message: 'function "agent" is built twice; give one of the two another name',
  })
})

test('a load that fails ends its collection', async () => {
  const failing = (): Promise<never> => {
    build('agent')
    return Promise.reject(new Error('alien.ts broke'))
  }
  await expect(collectDeclarations(failing)).rejects.toThrow('alien.ts broke')
  const { functions } = await collectDeclarations(() => Promise.resolve(build('agent')))
  expect(functions).toHaveLength(1)
})

test('collections do not overlap', async () => {
  const { functions } = await collectDeclarations(async () => {
    await expect(collectDeclarations(() => Promise.resolve())).rejects.toMatchObject({
      code: 'internal',
      message: 'declarations are being collected already',
    })
    build('agent')
  })
  expect(functions).toHaveLength(1)
})
