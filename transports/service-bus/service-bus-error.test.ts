/** Microsoft's own errors of a token that cannot be had. */
import { AggregateAuthenticationError, AuthenticationError, CredentialUnavailableError } from '@azure/identity'
import { expect, test } from 'vitest'
import { serviceBusError } from './service-bus-error.js'

const target = { service: 'Service Bus', resource: 'queue q in ns', permission: '' }

const oauth = (error: string, description = '') => ({ error, error_description: description, correlation_id: '' })

test.each<[string, Error]>([
  ['503', new AuthenticationError(503, 'unavailable')],
  ['429', new AuthenticationError(429, 'slow down')],
  ['no connection', new AuthenticationError(400, oauth('failed', 'network_error: connect ETIMEDOUT 1.2.3.4:443'))],
  [
    '503 of one of several',
    new AggregateAuthenticationError([
      new CredentialUnavailableError('no variables are set'),
      new AuthenticationError(503, 'unavailable'),
    ]),
  ],
])('a token that cannot be had now (%s): nothing was sent', (_, error) => {
  expect(serviceBusError(target, error, 'unconfirmed')).toMatchObject({
    kind: 'not_now',
    leg: 'credentials',
    message: `queue q in ns: Service Bus was not asked: the vendor worker's credentials get no token now (${error.name})`,
  })
})

test.each<[string, Error]>([
  ['a wrong secret', new AuthenticationError(401, oauth('invalid_client', 'AADSTS7000215'))],
  ['another tenant', new AuthenticationError(400, oauth('invalid_request', 'AADSTS90002'))],
  [
    'none at all, and nothing where a machine has them',
    new AggregateAuthenticationError([new CredentialUnavailableError('connect ENETUNREACH 169.254.169.254:80')]),
  ],
])('credentials that are not good (%s) are final', (_, error) => {
  expect(serviceBusError(target, error, 'unconfirmed')).toMatchObject({
    kind: 'rejected',
    leg: 'credentials',
    message: `queue q in ns: Service Bus does not accept the vendor worker's credentials, or there are none (${error.name}); give its process some that are good`,
  })
})
