/**
 * The contract of the transports on Google's own Pub/Sub, with `ALIEN_TEST_GCP_PROJECT`, a project in which this process
 * may create topics and subscriptions.
 */
import { afterAll } from 'vitest'
import { cloudVariable, leg } from '../../tests/cloud/leg.js'
import { openGoogleRoad } from '../../tests/transports/pubsub-road.js'
import { openVendorSide } from '../../tests/transports/vendor-side.js'
import { Closers } from '../../workers/closers.js'
import { testTransport, WHOLE } from '../transport.testsuite.js'

const closers = new Closers()
afterAll(() => closers.close())

await leg(
  'The contract, Pub/Sub on Google',
  async () => {
    const projectId = cloudVariable('ALIEN_TEST_GCP_PROJECT')
    const vendor = await openVendorSide(closers)
    return { vendor, road: await openGoogleRoad(vendor, projectId, closers) }
  },
  ({ vendor, road }) => testTransport(vendor, road, WHOLE),
)
