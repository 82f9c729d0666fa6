/** What gRPC says of a call of Google's library, by its own classes. */
import { expect, test } from 'vitest'
import { BindingError } from '../bindings/binding-error.js'
import { deliveryError } from './sdk-error.js'

const target = { service: 'Pub/Sub', resource: 'topic t', permission: 'roles/pubsub.publisher on it' }

/** As grpc-js makes it: `<code> <NAME>: <details>`, of no class of its own. */
const grpcError = (code: number, details: string): Error =>
  Object.assign(new Error(`${code} ${details}`), { code, details })

const PLUGIN = 'UNKNOWN: Getting metadata from plugin failed with error'
const BAD =
  "does not accept the vendor worker's credentials, or there are none (UNKNOWN); give its process some that are good"
const NO_TOKEN = "was not asked: the vendor worker's credentials get no token now (UNKNOWN)"

test.each<[number, string, string, string, string]>([
  [2, `${PLUGIN}: invalid_grant`, 'rejected', 'credentials', BAD],
  [2, `${PLUGIN}: Could not load the default credentials.`, 'rejected', 'credentials', BAD],
  [2, `${PLUGIN}: Request failed with status code 503`, 'not_now', 'credentials', NO_TOKEN],
  [2, `${PLUGIN}: getaddrinfo EAI_AGAIN oauth2.googleapis.com`, 'not_now', 'credentials', NO_TOKEN],
  [
    14,
    'UNAVAILABLE: No connection established. Last error: ECONNREFUSED',
    'not_now',
    'delivery',
    'cannot be reached (UNAVAILABLE)',
  ],
  [
    14,
    'UNAVAILABLE: Name resolution failed for target dns:x',
    'not_now',
    'delivery',
    'cannot be reached (UNAVAILABLE)',
  ],
  [
    14,
    'UNAVAILABLE: Connection dropped',
    'unconfirmed',
    'delivery',
    'did not say whether it took the message (UNAVAILABLE)',
  ],
  [
    4,
    'DEADLINE_EXCEEDED: Deadline exceeded',
    'unconfirmed',
    'delivery',
    'did not say whether it took the message (DEADLINE_EXCEEDED)',
  ],
  [8, 'RESOURCE_EXHAUSTED: quota', 'not_now', 'delivery', 'does not take it now (RESOURCE_EXHAUSTED)'],
  [
    7,
    'PERMISSION_DENIED: no',
    'rejected',
    'delivery',
    'denies it (PERMISSION_DENIED); allow roles/pubsub.publisher on it',
  ],
])('%d %s: %s', (code, details, kind, leg, says) => {
  expect(deliveryError(target, grpcError(code, details))).toMatchObject({
    kind,
    leg,
    message: `topic t: Pub/Sub ${says}`,
  })
})

test('an SDK that is not installed is said with what installs it', () => {
  const message = 'a deployment on Pub/Sub needs packages that are not installed; run: npm install @google-cloud/pubsub'
  expect(deliveryError(target, new BindingError('not_configured', message))).toMatchObject({
    kind: 'rejected',
    leg: 'credentials',
    message,
  })
})
