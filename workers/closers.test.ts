import { expect, test } from 'vitest'
import { Closers, openOrClose } from './closers.js'

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

test('what was open when the rest could not be opened is closed again', async () => {
  const closed: string[] = []
  const opening = openOrClose((closers) => {
    closers.add(() => closed.push('opened'))
    return Promise.reject(new Error('the rest'))
  })
  await expect(opening).rejects.toThrow('the rest')
  expect(closed).toEqual(['opened'])
})

test('what was opened whole stays open', async () => {
  const closed: string[] = []
  await openOrClose((closers) => {
    closers.add(() => closed.push('opened'))
    return Promise.resolve()
  })
  expect(closed).toEqual([])
})
