import { expect, onTestFinished, test, vi } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { RESULT_VALUE } from '../protocol/result-value.js'
import { storage } from './storage.js'

test('may be named before it is configured, and found once it is', async () => {
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  vi.stubEnv('ALIEN_MY_WORKSPACE_BINDING', undefined)
  vi.stubEnv('ALIEN_LOCAL_BINDINGS', undefined)
  const ws = storage('my-workspace')
  await expect(ws.get('a')).rejects.toMatchObject({ name: 'BindingError', code: 'not_configured' })
  vi.stubEnv('ALIEN_MY_WORKSPACE_BINDING', JSON.stringify({ service: 'local', path: await scratchDirectory() }))
  expect(await ws.put('a', 'text')).toMatchObject({ key: 'a', size: 4 })
  const object = await ws.get('a')
  expect(await object[RESULT_VALUE](100)).toBe('text')
})

test('the name is checked at once', () => {
  expect(() => storage('My_Workspace')).toThrow(
    expect.objectContaining({
      name: 'BindingError',
      code: 'invalid_name',
      message:
        'storage name "My_Workspace" must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit',
    }),
  )
})
