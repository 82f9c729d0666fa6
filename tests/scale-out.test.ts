/** Three control planes, two vendor workers and four agents behind one address; one of each is killed under load. */
import { expect, onTestFinished, test } from 'vitest'
import { Closers } from '../workers/closers.js'
import { Fleet, startGround } from './support/fleet.js'
import { FleetLoad } from './support/fleet-load.js'

const CUSTOMERS = ['acme', 'globex']

test('one of each dies, and nothing is lost or done twice', async () => {
  const closers = new Closers()
  onTestFinished(() => closers.close())
  const fleet = await Fleet.open(await startGround(closers), closers)
  const first = await fleet.startControlPlane()
  await Promise.all(CUSTOMERS.map((name) => fleet.createDeployment(name)))
  const [, , worker, , agent] = await Promise.all([
    fleet.startControlPlane(),
    fleet.startControlPlane(),
    fleet.startWorker(),
    fleet.startWorker(),
    ...CUSTOMERS.flatMap((name) => [1, 2].map((number) => fleet.startAgent(name, `${name}-${number}`))),
  ])
  const load = new FleetLoad(fleet, CUSTOMERS, 6)
  await load.goesOn(12)
  await first.kill()
  await load.goesOn(12)
  await worker.kill()
  await load.goesOn(12)
  const fromMs = Date.now()
  await agent?.kill()
  const toMs = Date.now()
  await load.goesOn(24)
  await load.stop()
  expect(load.calls).toBeGreaterThanOrEqual(60)
  expect(await load.violations([{ fromMs, toMs }])).toStrictEqual([])
})
