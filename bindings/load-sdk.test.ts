import { expect, test } from 'vitest'
import { loadSdk } from './load-sdk.js'

test('packages that are not installed are named, with how to install them', async () => {
  const missing: string = '@alienplatform/no-such-sdk'
  await expect(loadSdk('storage "ws"', ['a', 'b'], () => import(missing))).rejects.toMatchObject({
    code: 'not_configured',
    message: 'storage "ws" needs packages that are not installed; run: npm install a b',
  })
})

test('other errors pass', async () => {
  const broken = new Error('broken')
  await expect(loadSdk('storage "ws"', [], () => Promise.reject(broken))).rejects.toBe(broken)
})
