/** A control plane with a deployment on each transport that there is a server for; their handlers are the contract's. */
import { startMinistack, startPubSub } from '../../tests/cloud/servers.js'
import { openLambda, openLambdaRoad } from '../../tests/transports/lambda-road.js'
import { openPubsubRoad } from '../../tests/transports/pubsub-road.js'
import { openPullRoad } from '../../tests/transports/pull-road.js'
import { openServiceBusRoad } from '../../tests/transports/service-bus-road.js'
import { openVendorSide } from '../../tests/transports/vendor-side.js'
import { openOrClose } from '../../workers/closers.js'
import { serve } from '../serve.js'
import type { ServiceBusReady } from './service-bus.js'

/** What listens already. */
export interface RoadsSettings {
  readonly serviceBus: ServiceBusReady
}

export interface RoadsReady {
  readonly url: string
  readonly apiKey: string
  /** Of the servers that stand for the clouds. */
  readonly lambdaEndpoint: string
  readonly pubsubHost: string
}

await serve((settings) =>
  openOrClose(async (closers) => {
    const { queue, ...namespace } = (settings as RoadsSettings).serviceBus
    const vendor = await openVendorSide(closers)
    await openPullRoad(vendor, closers)
    const lambdaEndpoint = await startMinistack((close) => closers.add(close))
    const lambda = await openLambda(lambdaEndpoint, closers)
    // Past the relay, which is for tests.
    process.env['AWS_ENDPOINT_URL_LAMBDA'] = lambdaEndpoint
    // As they are unless a storage is named, and with one on this disk.
    await openLambdaRoad(vendor, lambda, 'event', { isShared: false })
    await openLambdaRoad(vendor, lambda, 'request-response', { isShared: false })
    await openLambdaRoad(vendor, lambda, 'event', { name: 'event-and-storage' })
    const pubsubHost = await startPubSub({}, (close) => closers.add(close))
    await openPubsubRoad(vendor, pubsubHost, closers)
    const createQueue = () => Promise.resolve(queue)
    await openServiceBusRoad(vendor, { ...namespace, createQueue }, closers, 'consumer')
    const { url, apiKey } = vendor
    return { ready: { url, apiKey, lambdaEndpoint, pubsubHost } satisfies RoadsReady, close: () => closers.close() }
  }),
)
