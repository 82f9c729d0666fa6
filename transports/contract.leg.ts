/** The contract of the transports, the whole of it, of each that there is a server for. */
import { afterAll } from 'vitest'
import { lazy } from '../bindings/lazy.js'
import { leg } from '../tests/cloud/leg.js'
import { startMinistack, startPubSub } from '../tests/cloud/servers.js'
import { openNamespace } from '../tests/cloud/service-bus/namespace.js'
import { openLambda, openLambdaRoad } from '../tests/transports/lambda-road.js'
import { openPubsubRoad } from '../tests/transports/pubsub-road.js'
import { openPullRoad } from '../tests/transports/pull-road.js'
import { openServiceBusRoad } from '../tests/transports/service-bus-road.js'
import type { Road } from '../tests/transports/road.js'
import { openVendorSide } from '../tests/transports/vendor-side.js'
import { Closers } from '../workers/closers.js'
import { testTransport, WHOLE } from './transport.testsuite.js'

const closers = new Closers()
afterAll(() => closers.close())
const vendor = await openVendorSide(closers)

const contract = (name: string, open: () => Promise<Road>): Promise<void> =>
  leg(`The contract, ${name}`, open, (road) => testTransport(vendor, road, WHOLE))

await contract('pulled', () => openPullRoad(vendor, closers))
const lambda = lazy(async () => openLambda(await startMinistack(), closers))
await contract('Lambda (event)', async () => openLambdaRoad(vendor, await lambda(), 'event'))
await contract('Lambda (request-response)', async () => openLambdaRoad(vendor, await lambda(), 'request-response'))
await contract('Pub/Sub', async () => openPubsubRoad(vendor, await startPubSub(), closers))
const serviceBus = lazy(() => openNamespace((close) => closers.add(close)))
for (const servedBy of ['consumer', 'trigger'] as const) {
  await contract(`Service Bus (${servedBy})`, async () =>
    openServiceBusRoad(vendor, await serviceBus(), closers, servedBy),
  )
}
