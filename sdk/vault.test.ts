import { expect, onTestFinished, test, vi } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import { vault } from './vault.js'

test('may be named before it is configured, and found once it is', async () => {
  onTestFinished(() => {
    vi.unstubAllEnvs()
  })
  vi.stubEnv('ALIEN_CREDENTIALS_BINDING', undefined)
  vi.stubEnv('ALIEN_LOCAL_BINDINGS', undefined)
  const creds = vault('credentials')
  await expect(creds.getSecret('warehouse')).rejects.toMatchObject({ name: 'BindingError', code: 'not_configured' })
  const path = `${await scratchDirectory()}/credentials.json`
  vi.stubEnv('ALIEN_CREDENTIALS_BINDING', JSON.stringify({ service: 'local', path }))
  await creds.set('warehouse', '{"host":"db"}')
  expect(JSON.parse(await creds.getSecret('warehouse'))).toEqual({ host: 'db' })
})

test('the name is checked at once', () => {
  expect(() => vault('Credentials')).toThrow(
    expect.objectContaining({
      name: 'BindingError',
      code: 'invalid_name',
      message:
        'vault name "Credentials" must be 1 to 63 lower-case letters, digits or "-", and start with a letter or digit',
    }),
  )
})
