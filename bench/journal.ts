/**
 * `npm run bench -- --journal`: what an agent's journal costs a call. Three agents that differ in nothing else, each of a
 * deployment of its own, take turns on one Temporal, past the gateway:
 *
 *   memory         what was run is remembered as long as the process lives; nothing is written
 *   memory again   the same once more: what two lanes differ by that differ in nothing
 *   disk           the journal as every agent has it
 */
import { CommandsClient } from '@alienplatform/sdk/commands'
import type { DevState } from '../protocol/dev-state.js'
import type { Closers } from '../workers/closers.js'
import { startChild } from './child.js'
import { createDeployment } from './deployment.js'
import type { Params, Result } from './load.js'
import type { DirectAgentSettings } from './product/direct-agent.js'
import { program } from './programs.js'
import { compare, comparison, meetsBar, p50Of, takeTurns, warmUpLanes, type Compared, type TurnLane } from './turns.js'

/** Of the p50 without. */
const BAR = 1.1

export interface JournalFigures {
  readonly memoryP50Ms: number
  /** Both compared with `memory`. */
  readonly memoryAgain: Compared
  readonly disk: Compared
}

export async function measureJournal(closers: Closers, progress: (message: string) => void): Promise<JournalFigures> {
  progress('starting the product, and three agents')
  const { ready: state, stop } = await startChild<DevState>(program('product/stack'))
  closers.add(stop)
  const lanes = [
    await startLane('memory', true, state, closers),
    await startLane('memory again', true, state, closers),
    await startLane('disk', false, state, closers),
  ]
  progress('warming up')
  await warmUpLanes(lanes)
  const turns = await takeTurns(lanes, progress)
  const of = (name: string) => turns.get(name) ?? []
  return {
    memoryP50Ms: p50Of(of('memory')),
    memoryAgain: compare(of('memory again'), of('memory')),
    disk: compare(of('disk'), of('memory')),
  }
}

async function startLane(
  name: string,
  memoryJournal: boolean,
  { url, token, temporalAddress }: DevState,
  closers: Closers,
): Promise<TurnLane> {
  const { id, agentToken } = await createDeployment(url, token, name.replace(' ', '-'))
  const settings: DirectAgentSettings = { url, agentToken, temporalAddress, memoryJournal }
  const agent = await startChild(program('product/direct-agent'), settings)
  closers.add(agent.stop)
  const client = new CommandsClient({ deploymentId: id, token, url })
  const params = (sequence: number): Params => ({ startDate: '2025-01-01', sequence })
  return { name, call: (n) => client.invoke<Result>('generate-report', params(n)) }
}

export const journalMeetsBar = ({ disk }: JournalFigures): boolean => meetsBar(disk, BAR)

export const journalTable = ({ memoryP50Ms, memoryAgain, disk }: JournalFigures): string =>
  [
    `memory        p50 ${memoryP50Ms.toFixed(1)} ms`,
    `memory again  p50 ${memoryAgain.p50Ms.toFixed(1)} ms: ${comparison(memoryAgain, 'memory')}`,
    `disk          p50 ${disk.p50Ms.toFixed(1)} ms: ${comparison(disk, 'memory', BAR)}`,
  ].join('\n')
