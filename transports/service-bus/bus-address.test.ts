import { expect, test } from 'vitest'
import { busAddress } from './bus-address.js'

const environment = { SERVICEBUS_CONNECTION_STRING: 'of the environment', SERVICEBUS_NAMESPACE: 'environment.example' }

test.each([
  [{}, environment, { connectionString: 'of the environment' }],
  [{}, { SERVICEBUS_NAMESPACE: 'environment.example' }, { namespace: 'environment.example' }],
  [{ namespace: 'acme.example' }, environment, { namespace: 'acme.example' }],
  [{ connectionString: 'given', namespace: 'acme.example' }, environment, { connectionString: 'given' }],
])('%j outdoes what the environment has', (given, variables, address) => {
  expect(busAddress(given, variables)).toEqual(address)
})

test('without any, the consumer says what it needs', () => {
  expect(() => busAddress({}, {})).toThrow('a Service Bus consumer needs SERVICEBUS_NAMESPACE')
})
