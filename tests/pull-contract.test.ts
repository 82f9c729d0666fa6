/** The contract of the transports, as agents that pull keep it; `npm run test:transports` runs the whole of it. */
import { afterAll } from 'vitest'
import { testTransport } from '../transports/transport.testsuite.js'
import { Closers } from '../workers/closers.js'
import { openPullRoad } from './transports/pull-road.js'
import { openVendorSide } from './transports/vendor-side.js'

const closers = new Closers()
afterAll(() => closers.close())
const vendor = await openVendorSide(closers)
const road = await openPullRoad(vendor, closers)
testTransport(vendor, road, { commands: 100, outageMs: 3_000, redeliveries: 1 })
