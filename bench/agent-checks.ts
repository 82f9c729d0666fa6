/** What is asked of the product's agent beside speed: every invocation once, little memory, a quick start. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { createDeployment } from './deployment.js'
import type { Load } from './load.js'
import type { AgentState } from './product/handlers.js'
import { startServedAgent } from './served-agent.js'
import { median, rounded } from './statistics.js'
import type { Systems } from './systems.js'

export interface OnceCheck {
  readonly invocations: number
  readonly inFlight: number
  /** What was wrong; `null` when every result was right and no invocation ran twice. */
  readonly violation: string | null
}

/** The handler numbers its runs, so a run too many shows even when its result reached nobody. */
export async function checkOnce({ run, client }: Systems, load: Load): Promise<OnceCheck> {
  const before = await client.invoke<AgentState>('agent-state')
  const { results } = await run.gateway(load)
  const after = await client.invoke<AgentState>('agent-state')
  const distinct = new Set(results.map((result) => result.run)).size
  const ran = after.runs - before.runs
  const wrong = [
    results.length === load.count ? [] : [`${results.length} results`],
    distinct === results.length ? [] : [`${results.length - distinct} results that another invocation had too`],
    results.every(({ rowCount }) => rowCount === 3) ? [] : ['a wrong result'],
    ran === load.count ? [] : [`${ran} runs of the handler`],
  ].flat()
  const violation = wrong.length === 0 ? null : `${load.count} invocations gave ${wrong.join(', ')}`
  return { invocations: load.count, inFlight: load.inFlight, violation }
}

export interface AgentFigures {
  readonly residentMb: number
  /** Commands the agent had run by then. */
  readonly afterCommands: number
  /** From the start of `alien agent start` to the answer of an invocation that waited for it; median. */
  readonly firstCommandMs: number
}

export async function measureAgent(systems: Systems, starts: number): Promise<AgentFigures> {
  const { rssBytes, runs } = await systems.client.invoke<AgentState>('agent-state')
  const startsMs: number[] = []
  for (let start = 1; start <= starts; start += 1) startsMs.push(await firstCommandMs(systems, start))
  return {
    residentMb: rounded(rssBytes / 2 ** 20),
    afterCommands: runs,
    firstCommandMs: Math.round(median(startsMs)),
  }
}

async function firstCommandMs({ state: { url, token } }: Systems, start: number): Promise<number> {
  const { id, agentToken } = await createDeployment(url, token, `cold-start-${start}`)
  const invocation = await new CommandsClient({ deploymentId: id, token, url }).start('agent-state')

  const startedAtMs = performance.now()
  const agent = startServedAgent(url, agentToken)
  try {
    await Promise.race([invocation.result(), agent.died])
    return performance.now() - startedAtMs
  } finally {
    await agent.stop()
  }
}
