/** Whether who should be there is there, as an API key sees it. */
import { isPlainObject } from '../protocol/json.js'
import { ask, errorMessage, type Answer } from './ask.js'
import { PING_COMMAND } from '../protocol/ping.js'
import type { Check, Verdict } from './examination.js'
import type { Road } from './road.js'

interface SeenDeployment {
  readonly name: string
  readonly online: boolean
  readonly lastSeenAt: string | null
  readonly transport?: unknown
}

/** Named `agents` and, for one deployment, `canary`. @param deployment the one it is about; all by default */
export function fleetChecks(road: Road, token: string, deployment: string | undefined): Check[] {
  const agents: Check = { name: 'agents', needs: ['token'], run: () => checkAgents(road, token, deployment) }
  if (deployment === undefined) return [agents]
  return [agents, { name: 'canary', needs: ['agents'], run: () => checkCanary(road, token, deployment) }]
}

async function checkAgents(road: Road, token: string, wanted: string | undefined): Promise<Verdict> {
  const path = wanted === undefined ? '/v1/deployments' : `/v1/deployments/${encodeURIComponent(wanted)}`
  const answer = await ask(road, { path, token })
  const { status, body } = answer
  if (status !== 200 || !isPlainObject(body)) {
    return { level: 'failure', message: errorMessage(answer), remedy: 'see alien deployments list for what there is' }
  }
  const seen = (wanted === undefined ? body['deployments'] : [body]) as SeenDeployment[]
  const pulled = seen.filter(({ transport }) => transport === undefined)
  const offline = pulled.filter(({ online }) => !online)
  const message = `${pulled.length - offline.length} of ${pulled.length} deployments with agents are online`
  if (offline.length === 0) return { level: 'ok', message }
  const list = offline.map(({ name, lastSeenAt }) => `${name} (last seen ${lastSeenAt ?? 'never'})`).join(', ')
  return {
    level: wanted === undefined ? 'warning' : 'failure',
    message: `${message}; offline: ${list}`,
    remedy: 'run alien doctor there, with the agent token',
  }
}

const CANARY_MS = 15_000

/** An invocation as any other, through the same queue. */
async function checkCanary(road: Road, token: string, deployment: string): Promise<Verdict> {
  const startMs = performance.now()
  const answer = await ask(road, {
    path: '/v1/invocations',
    token,
    body: {
      deployment,
      command: PING_COMMAND,
      params: {},
      timeout: CANARY_MS,
      queueTimeout: CANARY_MS,
      wait: CANARY_MS,
    },
    holdMs: CANARY_MS,
  })
  const { status, body } = answer
  const tookMs = Math.round(performance.now() - startMs)
  if (status === 403) return { level: 'warning', message: errorMessage(answer), remedy: 'use a key that may invoke it' }
  if (isPlainObject(body) && body['status'] === 'succeeded') {
    return { level: 'ok', message: `${PING_COMMAND} on "${deployment}" was answered in ${tookMs} ms` }
  }
  return {
    level: 'failure',
    message: `${PING_COMMAND} on "${deployment}": ${await outcomeText(road, token, answer)}`,
    remedy: `alien deployments test ${deployment} says which leg of the way fails`,
  }
}

async function outcomeText(road: Road, token: string, answer: Answer): Promise<string> {
  const { body } = answer
  if (!isPlainObject(body) || typeof body['status'] !== 'string' || body['error'] !== undefined) {
    return errorMessage(answer)
  }
  const { body: now } = await ask(road, { path: `/v1/invocations/${String(body['id'])}`, token })
  const waiting = isPlainObject(now) && isPlainObject(now['waiting']) ? now['waiting']['message'] : undefined
  const still = `it is still ${body['status']} after ${CANARY_MS / 1_000} s`
  return typeof waiting === 'string' ? `${still}: ${waiting}` : still
}
