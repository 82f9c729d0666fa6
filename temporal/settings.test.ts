import { expect, test } from 'vitest'
import { externalTemporal, temporalSettings, usesTls } from './settings.js'

const ADDRESS = { TEMPORAL_ADDRESS: 'temporal.internal:7233' }

const speaksTls = (env: NodeJS.ProcessEnv): boolean => {
  const settings = externalTemporal({ ...ADDRESS, ...env })
  return settings !== undefined && usesTls(settings)
}

test.each([
  [{ TEMPORAL_TLS: 'TRUE' }, true],
  [{ TEMPORAL_TLS: '1' }, true],
  [{ TEMPORAL_TLS: 'False' }, false],
  [{}, false],
  // As Compose passes on what .env leaves out.
  [{ TEMPORAL_API_KEY: 'k', TEMPORAL_TLS: '' }, true],
])('%j is TLS: %s', (env, secure) => expect(speaksTls(env)).toBe(secure))

test.each(['TEMPORAL_TLS', 'TEMPORAL_TLS_DISABLE_HOST_VERIFICATION'])('%s says yes or no', (name) => {
  expect(() => externalTemporal({ ...ADDRESS, [name]: 'yes' })).toThrow(`${name} is "yes"; set it to true or false`)
})

test('an empty variable is one that is not set', () => {
  const env = { ...ADDRESS, TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_NAMESPACE: '' }
  expect(externalTemporal(env)).toMatchObject({ namespace: 'default' })
})

test('what is said of a cluster counts without its address too', () => {
  const told = temporalSettings({ TEMPORAL_NAMESPACE: 'commands', TEMPORAL_API_KEY: 'k' })
  expect(told).toMatchObject({ address: 'localhost:7233', namespace: 'commands', connectionOptions: { apiKey: 'k' } })
  expect(usesTls(told)).toBe(true)
  expect(temporalSettings({})).toMatchObject({ address: 'localhost:7233', namespace: 'default' })
})
