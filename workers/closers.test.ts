import { expect, test } from 'vitest'
import { Closers } from './closers.js'

test('closes in reverse order, one after the other', async () => {
  const closed: string[] = []
  const closers = new Closers()
  closers.add(() => closed.push('opened first'))
  closers.add(async () => {
    await Promise.resolve()
    closed.push('opened second')
  })
  await closers.close()
  expect(closed).toEqual(['opened second', 'opened first'])
})

test('all calls share one closing', async () => {
  let count = 0
  const closers = new Closers()
  closers.add(() => (count += 1))
  await Promise.all([closers.close(), closers.close()])
  await closers.close()
  expect(count).toBe(1)
})

test('tries everything, and throws the first error', async () => {
  const closed: string[] = []
  const first = new Error('port is gone')
  const closers = new Closers()
  closers.add(() => closed.push('opened first'))
  closers.add(() => {
    throw new Error('later')
  })
  closers.add(() => Promise.reject(first))
  await expect(closers.close()).rejects.toBe(first)
  expect(closed).toEqual(['opened first'])
})

test('throws an error, whatever was thrown', async () => {
  const closers = new Closers()
  closers.add(() => AbortSignal.abort('text').throwIfAborted())
  await expect(closers.close()).rejects.toThrow(new Error('text'))
})

test('with nothing to close is done', async () => {
  await expect(new Closers().close()).resolves.toBeUndefined()
})
