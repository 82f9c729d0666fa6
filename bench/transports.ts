/** `npm run bench -- --transports`: what pushing costs beside pulling, less what the servers in between take themselves. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import type { RoadsReady, RoadsSettings } from './product/roads.js'
import type { ServiceBusReady } from './product/service-bus.js'
import { program } from './programs.js'
import { lambdaRoundTrips, pubsubRoundTrip, serviceBusRoundTrip } from './round-trips.js'
import { median } from './statistics.js'
import { timesMs } from './times.js'

/** All take turns, so that what else the machine does hits each. */
const CALLS_A_TURN = 10
const TURNS = 10
const WARM_UP_CALLS = 10

/** Of pulling. */
const MAX_RATIO = 1.3

/**
 * The deployment whose function's instances agree in a storage on who runs what: a write to it, here to this disk and
 * synced, comes before the handler. It has no bar, since the storage is of the customer's choice, and none by default.
 */
const WITH_STORAGE = 'event-and-storage'

const NAME_CHARS = 20

interface TransportFigures {
  readonly pullP50Ms: number
  readonly pushed: readonly PushedFigures[]
}

interface PushedFigures {
  readonly name: string
  readonly p50Ms: number
  /** Of the server in between, with nothing of ours. */
  readonly bareP50Ms: number
}

export async function measureTransports(
  closers: Closers,
  progress: (message: string) => void,
): Promise<TransportFigures> {
  progress('starting the product, and servers that stand for the clouds')
  const bus = await startChild<ServiceBusReady>(program('product/service-bus'))
  closers.add(bus.stop)
  const settings: RoadsSettings = { serviceBus: bus.ready }
  const roads = await startChild<RoadsReady>(program('product/roads'), settings)
  closers.add(roads.stop)
  const { url, apiKey, lambdaEndpoint, pubsubHost } = roads.ready
  const call = (deploymentId: string) => {
    const client = new CommandsClient({ deploymentId, token: apiKey, url })
    return (n: number) => client.invoke('echo', { value: n })
  }
  const lambda = await lambdaRoundTrips(lambdaEndpoint, closers)
  const bare = {
    event: lambda.event,
    [WITH_STORAGE]: lambda.event,
    'request-response': lambda.answer,
    pubsub: await pubsubRoundTrip(pubsubHost, closers),
    'service-bus-consumer': serviceBusRoundTrip(bus.ready, closers),
  }
  const measured = Object.entries(bare).flatMap(([name, roundTrip]) => [
    { times: [] as number[], name, action: call(name) },
    { times: [] as number[], name: `${name} bare`, action: roundTrip },
  ])
  measured.unshift({ times: [], name: 'pull', action: call('pull') })
  progress('warming up')
  for (const { action } of measured) await timesMs(WARM_UP_CALLS, action)
  for (let turn = 0; turn < TURNS; turn += 1) {
    progress(`turn ${turn + 1} of ${TURNS}`)
    // Each is first once in a while.
    measured.push(...measured.splice(0, 1))
    for (const { times, action } of measured) times.push(...(await timesMs(CALLS_A_TURN, action)))
  }
  const p50Of = (name: string): number => median(measured.find((one) => one.name === name)?.times ?? [])
  return {
    pullP50Ms: p50Of('pull'),
    pushed: Object.keys(bare).map((name) => ({ name, p50Ms: p50Of(name), bareP50Ms: p50Of(`${name} bare`) })),
  }
}

const ratioOf = ({ pullP50Ms }: TransportFigures, { p50Ms, bareP50Ms }: PushedFigures): number =>
  (p50Ms - bareP50Ms) / pullP50Ms

export const transportsTable = (figures: TransportFigures): string =>
  [
    `${'pull'.padEnd(NAME_CHARS)} p50 ${figures.pullP50Ms.toFixed(1)} ms`,
    ...figures.pushed.map((pushed) => {
      const ratio = ratioOf(figures, pushed)
      const shown = `p50 ${pushed.p50Ms.toFixed(1)} ms, of which the server's own ${pushed.bareP50Ms.toFixed(1)} ms`
      const ours = `${pushed.name.padEnd(NAME_CHARS)} ${shown}: ours ${ratio.toFixed(2)} x pull`
      if (pushed.name === WITH_STORAGE) return `${ours}, the storage's writes included`
      return `${ours}   bar ${MAX_RATIO}: ${ratio <= MAX_RATIO ? 'met' : 'missed'}`
    }),
  ].join('\n')

export const transportsMeetBars = (figures: TransportFigures): boolean =>
  figures.pushed.every((pushed) => pushed.name === WITH_STORAGE || ratioOf(figures, pushed) <= MAX_RATIO)
