import { expect, test } from 'vitest'
import { lazy } from './lazy.js'

test('makes at the first use, once', async () => {
  let made = 0
  const get = lazy(() => Promise.resolve(++made))
  expect(made).toBe(0)
  expect(await Promise.all([get(), get()])).toEqual([1, 1])
  expect(await get()).toBe(1)
})

test('tries again after a failure', async () => {
  let tries = 0
  const get = lazy(() => (++tries === 1 ? Promise.reject(new Error('not yet')) : Promise.resolve('made')))
  await expect(get()).rejects.toThrow('not yet')
  expect(await get()).toBe('made')
})

test('tells what was made, and makes nothing for that', async () => {
  const get = lazy(() => Promise.resolve('made'))
  expect(get.made).toBeUndefined()
  await get()
  expect(await get.made).toBe('made')
})
