/**
 * Each part is replaced by the new version under load; what was begun before ends after. In two opposite orders, or with
 * UPGRADE_ORDERS=all in all six.
 */
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest'
import type { FaultTimes } from '../chaos/judge.js'
import { Closers } from '../workers/closers.js'
import { Fleet, startGround, type Ground, type Member } from './support/fleet.js'
import { FleetLoad } from './support/fleet-load.js'
import { oldAlien, oldVersionIsMissing } from './support/old-version.js'

const PARTS = ['control plane', 'vendor worker', 'agent'] as const
type Part = (typeof PARTS)[number]

const closers = new Closers()
let ground: Ground
let old: string

const missing = await oldVersionIsMissing()
/** Said where the reports name what was skipped. */
const why = missing === undefined ? '' : `, skipped: ${missing}`

beforeAll(async () => {
  if (missing !== undefined) return
  old = await oldAlien()
  ground = await startGround(closers)
}, 240_000)

afterAll(() => closers.close())

const orders = (parts: readonly Part[]): Part[][] =>
  parts.length === 0
    ? [[]]
    : parts.flatMap((part) => orders(parts.filter((other) => other !== part)).map((rest) => [part, ...rest]))

const TRIED = process.env['UPGRADE_ORDERS'] === 'all' ? orders(PARTS) : [[...PARTS], PARTS.toReversed()]

test.skipIf(missing !== undefined).each(TRIED.map((order) => [order.join(', ') + why, order] as const))(
  '%s',
  async (_name, order) => {
    const own = new Closers()
    onTestFinished(() => own.close())
    const fleet = await Fleet.open(ground, own)
    const start = (part: Part, cli?: string): Promise<Member> => {
      if (part === 'control plane') return fleet.startControlPlane(cli)
      return part === 'vendor worker' ? fleet.startWorker(cli) : fleet.startAgent('acme', 'machine', cli)
    }
    const controlPlane = await start('control plane', old)
    await fleet.createDeployment('acme')
    const [worker, agent] = await Promise.all([start('vendor worker', old), start('agent', old)])
    const running = { 'control plane': controlPlane, 'vendor worker': worker, agent }
    const load = new FleetLoad(fleet, ['acme'], 4)
    await load.hold('acme')
    const agentGone: FaultTimes[] = []
    for (const part of order) {
      await load.goesOn(8)
      // The new one stands beside the old one for a while, as in a rolling upgrade.
      await start(part)
      await load.goesOn(4)
      const fromMs = Date.now()
      await running[part].stop()
      if (part === 'agent') agentGone.push({ fromMs, toMs: Date.now() })
    }
    await load.goesOn(8)
    await load.stop()
    expect(load.calls).toBeGreaterThanOrEqual(44)
    expect(await load.violations(agentGone)).toStrictEqual([])
  },
)
