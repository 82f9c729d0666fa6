/** Whether who should be there is there, as an API key sees it. */
import { isPlainObject } from '../protocol/json.js'
import { errorMessage, get } from './ask.js'
import type { Check, Verdict } from './examination.js'
import type { Road } from './road.js'

interface SeenDeployment {
  readonly name: string
  readonly online: boolean
  readonly lastSeenAt: string | null
  readonly transport?: unknown
}

/** Named `agents`. @param deployment the one it is about; all by default */
export function fleetChecks(road: Road, token: string, deployment: string | undefined): Check[] {
  return [{ name: 'agents', needs: ['token'], run: () => checkAgents(road, token, deployment) }]
}

async function checkAgents(road: Road, token: string, wanted: string | undefined): Promise<Verdict> {
  const path = wanted === undefined ? '/v1/deployments' : `/v1/deployments/${encodeURIComponent(wanted)}`
  const answer = await get(road, path, token)
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
