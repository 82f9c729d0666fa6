/** Each process of the topology killed in turn while commands are called, and what must hold all the same. */
import { CommandsClient, type CommandError } from '@alienplatform/sdk/commands'
import { Client as TemporalClient, Connection } from '@temporalio/client'
import { randomUUID } from 'node:crypto'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { effectsIn, gateOf } from '../../chaos/effects.js'
import { readHistory } from '../../chaos/history.js'
import { violationsOf, type FaultTimes } from '../../chaos/judge.js'
import type { InvocationHandle } from '../../client/invocation-handle.js'
import { RETRIES } from '../../temporal/retries.js'
import { hasNoted } from '../support/journal.js'
import type { Topology } from './topology.js'

export interface ChaosPlan {
  readonly lastsMs: number
  /** From one that is back to the next that is killed. */
  readonly quietMs: number
}

/** Each is killed some five times. */
export const FULL: ChaosPlan = { lastsMs: 300_000, quietMs: 7_000 }
/** Each is killed once. */
export const SHORT: ChaosPlan = { lastsMs: 40_000, quietMs: 3_000 }

const EVERY_MS = 100
/** Before the engine starts what was killed again. */
const DOWN_MS = 1_000
/** After the last fault; what is lost with its agent is noticed after 8 s. */
const ENDS_WITHIN_MS = 60_000
/** Looked at together. */
const AT_A_TIME = 20

const CUSTOMER = 'under-fire'
const AGENT = 'agent-under-fire'
const VICTIMS = ['control-plane', AGENT, 'temporal', 'vendor-worker', 'postgres']

export interface ChaosReport {
  readonly calls: number
  readonly kills: number
  /** Calls that failed for whoever made them, after all that the client tries. */
  readonly errors: readonly string[]
  /** Invocations that did not end, had their effect twice where they must not, or another result than their handler's. */
  readonly violations: readonly string[]
  /** Whose agent was killed in the middle, and that ran again. */
  readonly rerun: number
}

interface Call {
  readonly file: string
  /** `undefined` until the control plane has it. */
  handle: InvocationHandle<string> | undefined
  error: string | undefined
  /** Whether its outcome was in the journal when its agent was killed. */
  wasNoted: boolean
  readonly startedAtMs: number
  endedAtMs: number
  readonly done: Promise<void>
}

interface Fault extends FaultTimes {
  readonly victim: string
}

type Say = (message: string) => void

export async function runChaos(topology: Topology, plan: ChaosPlan, say: Say): Promise<ChaosReport> {
  const { id } = await topology.startAgent(CUSTOMER, AGENT, { AGENT_HANDLERS: './chaos' })
  const { ALIEN_URL: url, ALIEN_TOKEN: token } = topology.callerEnv
  const client = new CommandsClient({ deploymentId: CUSTOMER, token, url })
  const effects = join(topology.folder, 'effects')
  await mkdir(effects)
  const calls: Call[] = []
  const over = new AbortController()
  const calling = callUntil(over.signal, () => calls.push(startCall(client, join(effects, randomUUID()))))
  const faults = await strike(topology, plan, say, () => noteOutcomes(topology, id, calls))
  over.abort()
  await calling
  await Promise.race([Promise.all(calls.map(({ done }) => done)), delay(ENDS_WITHIN_MS, undefined, { ref: false })])
  return judge(topology, calls, faults)
}

/** At a steady pace, however long what was called before takes. */
async function callUntil(signal: AbortSignal, call: () => void): Promise<void> {
  for (let nextMs = Date.now(); !signal.aborted; nextMs += EVERY_MS) {
    call()
    await delay(Math.max(0, nextMs + EVERY_MS - Date.now()))
  }
}

function startCall(client: CommandsClient, file: string): Call {
  const call: Call = {
    file,
    handle: undefined,
    error: undefined,
    wasNoted: false,
    startedAtMs: Date.now(),
    endedAtMs: Infinity,
    done: Promise.resolve().then(async () => {
      try {
        // Open from the start: nobody holds the handler.
        await writeFile(gateOf(file), '')
        call.handle = await client.start<string>('work', { file })
        await call.handle.result()
      } catch (error) {
        const { code, message } = error as CommandError
        call.error = `${code}: ${message}`
      }
      call.endedAtMs = Date.now()
    }),
  }
  return call
}

async function strike(topology: Topology, plan: ChaosPlan, say: Say, afterAgent: () => void): Promise<Fault[]> {
  const faults: Fault[] = []
  const endMs = Date.now() + plan.lastsMs
  for (let turn = 0; Date.now() < endMs; turn += 1) {
    await delay(plan.quietMs)
    const victim = VICTIMS[turn % VICTIMS.length] ?? ''
    const fromMs = Date.now()
    await topology.kill(victim)
    if (victim === AGENT) afterAgent()
    await delay(DOWN_MS)
    await topology.restart(victim)
    if (victim === AGENT) await topology.agentServes(CUSTOMER)
    faults.push({ victim, fromMs, toMs: Date.now() })
    say(`${victim} was killed, and back after ${Date.now() - fromMs} ms`)
  }
  await delay(plan.quietMs)
  return faults
}

/** Of the calls under way, when their agent is gone: what is in its journal must not run again. */
function noteOutcomes({ folder }: Topology, deploymentId: string, calls: readonly Call[]): void {
  const stateDir = join(folder, 'volumes', AGENT)
  for (const call of calls) {
    const { handle } = call
    if (handle === undefined || call.endedAtMs !== Infinity) continue
    call.wasNoted ||= hasNoted({ stateDir, deploymentId, invocationId: handle.id })
  }
}

async function judge(topology: Topology, calls: readonly Call[], faults: readonly Fault[]): Promise<ChaosReport> {
  const { TEMPORAL_ADDRESS: address = '' } = await topology.environmentOf('control-plane')
  const connection = await Connection.connect({ address, interceptors: RETRIES })
  const temporal = new TemporalClient({ connection })
  const violations: string[] = []
  let rerun = 0
  const look = async (call: Call): Promise<void> => {
    const { handle } = call
    if (handle === undefined) return
    const effects = await effectsIn(call.file)
    if (effects.filter(({ effect }) => effect === 'entered').length > 1) rerun += 1
    const during = faults.filter(({ fromMs, toMs }) => call.startedAtMs < toMs && call.endedAtMs > fromMs)
    const killed = during.find(({ victim }) => victim === AGENT)
    const found = violationsOf(
      {
        invocationId: handle.id,
        column: 'running',
        atMostOnce: false,
        wasNoted: call.wasNoted,
        verdict: undefined,
        lateVerdict: undefined,
        effects,
        invocation: call.endedAtMs === Infinity ? undefined : await handle.describe(),
        history: await readHistory(temporal, handle.id),
      },
      { agent: killed ? 'dies' : 'lives' },
      killed ?? { fromMs: 0, toMs: 0 },
    )
    const victims = during.map(({ victim }) => victim).join(', ')
    violations.push(...found.map((violation) => `${handle.id} ${violation} (while killed: ${victims})`))
  }
  try {
    for (let first = 0; first < calls.length; first += AT_A_TIME) {
      await Promise.all(calls.slice(first, first + AT_A_TIME).map(look))
    }
  } finally {
    await connection.close()
  }
  const errors = calls.flatMap(({ error }) => error ?? [])
  const lost = calls.filter(({ handle, error }) => handle === undefined && error === undefined).map(() => 'never began')
  return { calls: calls.length, kills: faults.length, errors, violations: [...lost, ...violations], rerun }
}
