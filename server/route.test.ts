/** What a route must say of itself is checked by the compiler; this file fails `npm run check:types` if it is not. */
import { expect, test } from 'vitest'
import type { Route } from './route.js'

const handle = () => undefined
const BASE = { method: 'GET', path: '/v1/secrets', action: 'secrets.list', mutates: false, handle } as const

// @ts-expect-error -- nobody may forget who may call
const withoutCredential: Route = BASE
// @ts-expect-error -- nor the scope
const withoutScope: Route = { ...BASE, credential: 'api-key' }
// @ts-expect-error -- a scope is one of those there are
const withUnknownScope: Route = { ...BASE, credential: 'api-key', scope: 'everyone' }
// @ts-expect-error -- what is open to all has no caller to name in the audit, so it changes nothing
const openAndMutating: Route = { ...BASE, credential: 'public', mutates: true }
const withoutMutates = { method: 'GET', path: '/v1/secrets', action: 'secrets.list', handle } as const
// @ts-expect-error -- whether it leaves a record is said
const unrecorded: Route = { ...withoutMutates, credential: 'api-key', scope: 'read' }

test('routes without a credential, a scope or an audit do not compile', () => {
  const refused = [withoutCredential, withoutScope, withUnknownScope, openAndMutating, unrecorded]
  expect(refused).toHaveLength(5)
})
