import { describe, expect, test } from 'vitest'
import { MemoryStorage } from './memory-storage.js'
import { testStorage } from './storage.testsuite.js'
import { Storage } from './storage.js'

describe('contract', () => {
  testStorage({ open: () => Promise.resolve(new MemoryStorage({ name: 'contract' })) })
})

test('an object is a copy of what was written', async () => {
  const storage = new Storage('m', () => Promise.resolve(new MemoryStorage({ name: 'm' })))
  const backend = new MemoryStorage({ name: 'm' })
  const bytes = Buffer.from('abc')
  await backend.write('a', bytes, {})
  bytes.fill(0)
  const opened = await backend.open('a', {})
  if (typeof opened === 'string') throw new Error(opened)
  for await (const chunk of opened.body) expect(Buffer.from(chunk).toString()).toBe('abc')
  await expect(storage.signedUrl('a', { expiresInMs: 1 })).rejects.toMatchObject({
    code: 'unsupported',
    message:
      'object "a" in storage "m": a storage in memory has no web server to sign a URL for; return the object from the handler instead',
  })
})
