/** What answers at the URL, and what it makes of the token. */
import { AGENT_TOKEN_PREFIX } from '../protocol/tokens.js'
import type { AgentPresenceAnswer } from '../protocol/agent-session.js'
import { formatDuration } from '../protocol/format-duration.js'
import { isPlainObject } from '../protocol/json.js'
import type { ApiKeyInfo } from '../protocol/tokens.js'
import { ask, callGateway, errorMessage, type Answer } from './ask.js'
import { codeOf, reasonOf, type Check, type Verdict } from './examination.js'
import { readyToAsk } from './network-checks.js'
import type { Road } from './road.js'

/** The header has whole seconds, and the way takes some of it. */
const CLOCK_WARNING_MS = 5_000
/** Certificates, tokens that expire, and what people read in two logs are far apart then. */
const CLOCK_FAILURE_MS = 60_000

const DAY_MS = 86_400_000
const EXPIRES_SOON_MS = 7 * DAY_MS

/** gRPC's codes. */
const UNAUTHENTICATED = 16

/** Named `control plane`, `ready`, `clock`, `http/2`, `token`. @param token `undefined`: none was given */
export function controlPlaneChecks(road: Road, token: string | undefined): Check[] {
  const needs = ['control plane']
  return [
    { name: 'control plane', needs: [readyToAsk(road)], run: () => checkHealth(road) },
    { name: 'clock', needs, run: () => checkClock(road) },
    { name: 'ready', needs, run: () => checkReady(road) },
    { name: 'http/2', needs, run: () => checkHttp2(road, token ?? '') },
    { name: 'token', needs: ['ready'], run: () => checkToken(road, token) },
  ]
}

async function checkHealth(road: Road): Promise<Verdict> {
  const remedy = 'see whether the URL, with its port, is that of a control plane'
  try {
    const { status, body } = await ask(road, { path: '/healthz' })
    if (status === 200 && isPlainObject(body) && body['status'] === 'ok') {
      return { level: 'ok', message: `${road.url.origin} is a control plane` }
    }
    return {
      level: 'failure',
      message: `${road.url.origin} answers ${status}, and not as a control plane does`,
      remedy,
    }
  } catch (error) {
    const speaksTls = !road.isTls && ['ECONNRESET', 'HPE_INVALID_CONSTANT'].includes(codeOf(error))
    return {
      level: 'failure',
      message: `${road.url.origin} does not answer to HTTP: ${reasonOf(error)}`,
      remedy: speaksTls ? `${remedy}, and whether it should begin with https://` : remedy,
    }
  }
}

async function checkClock(road: Road): Promise<Verdict> {
  const { date } = await ask(road, { path: '/healthz' })
  if (date === undefined) return { level: 'warning', message: 'the control plane does not say what time it has' }
  const aheadMs = Date.now() - date.getTime()
  const message = `this machine's clock is ${formatDuration(Math.abs(aheadMs))} ${aheadMs < 0 ? 'behind' : 'ahead of'} the control plane's`
  const remedy = 'set both by NTP'
  if (Math.abs(aheadMs) >= CLOCK_FAILURE_MS) return { level: 'failure', message, remedy }
  if (Math.abs(aheadMs) >= CLOCK_WARNING_MS) return { level: 'warning', message, remedy }
  return { level: 'ok', message: "this machine's clock agrees with the control plane's" }
}

/** What a part of the control plane that is not ready wants. */
const REMEDIES: Readonly<Record<string, string>> = {
  registry: 'see whether its database runs and can be reached from there (DATABASE_URL)',
  temporal: 'see whether Temporal runs and can be reached from there (TEMPORAL_ADDRESS)',
  worker: 'read its log: a worker that failed says why',
  server: 'it is stopping; ask again when it is back',
}

async function checkReady(road: Road): Promise<Verdict> {
  const { status, body } = await ask(road, { path: '/readyz' })
  const checks = isPlainObject(body) && isPlainObject(body['checks']) ? Object.entries(body['checks']) : []
  if (checks.length === 0) {
    return {
      level: 'failure',
      message: `/readyz is answered with ${status}, and not as a control plane does`,
      remedy:
        status === 429
          ? 'this address asks too often: try again in a minute'
          : 'have what answers on the way, a proxy or load balancer, pass all paths on to the control plane',
    }
  }
  const down = checks.filter(([, check]) => isPlainObject(check) && check['ok'] !== true)
  const [first] = down
  if (first === undefined) return { level: 'ok', message: `${checks.map(([name]) => name).join(', ')} answer` }
  const reasons = down.map(([name, check]) => `${name}: ${String((check as Record<string, unknown>)['reason'])}`)
  return {
    level: 'failure',
    message: `the control plane is not ready: ${reasons.join('; ')}`,
    remedy: REMEDIES[first[0]] ?? 'read its log',
  }
}

/** Whether gRPC gets through. A refusal has come through, too. */
async function checkHttp2(road: Road, token: string): Promise<Verdict> {
  const remedy =
    'agents speak gRPC: have the proxies and load balancers on the way pass on HTTP/2, with trailers, to the control plane'
  try {
    const { status } = await callGateway(road, token)
    if (status === 0 || status === UNAUTHENTICATED) return { level: 'ok', message: 'gRPC gets through' }
    if (status !== undefined)
      return { level: 'warning', message: `gRPC gets through, and was answered with status ${status}` }
    return { level: 'failure', message: 'HTTP/2 gets through, and what answers speaks no gRPC', remedy }
  } catch (error) {
    return { level: 'failure', message: `HTTP/2 does not get through: ${reasonOf(error)}`, remedy }
  }
}

/** In a header. */
const canBeSent = (token: string): boolean => /^[\x21-\x7e]+$/.test(token)

async function checkToken(road: Road, token: string | undefined): Promise<Verdict> {
  if (token === undefined) {
    return {
      level: 'failure',
      message: 'there is no token',
      remedy: "set ALIEN_TOKEN: on the vendor's side an API key, on the customer's an agent token",
    }
  }
  if (!canBeSent(token)) {
    return {
      level: 'failure',
      message: 'the token has characters that no token has, as a line break at its end',
      remedy: 'set ALIEN_TOKEN to what was shown when it was made, and nothing around it; echo -n writes no line break',
    }
  }
  return token.startsWith(AGENT_TOKEN_PREFIX) ? checkAgentToken(road, token) : checkApiKey(road, token)
}

async function checkAgentToken(road: Road, token: string): Promise<Verdict> {
  const answer = await ask(road, { path: '/v1/agent/presence?key=doctor', token })
  if (answer.status !== 200) return refused('agent token', answer)
  const { deployment, tokenExpiresAt = null } = answer.body as AgentPresenceAnswer
  const message = `it is for agents of "${deployment.name}" (${deployment.id})`
  return goodUntil(message, tokenExpiresAt, "have it rotated: alien tokens rotate, on the vendor's side")
}

async function checkApiKey(road: Road, token: string): Promise<Verdict> {
  const answer = await ask(road, { path: '/v1/tokens/self', token })
  if (answer.status !== 200) return refused('API key', answer)
  const { name, scopes, deployments, commands, expiresAt } = answer.body as ApiKeyInfo
  const message = `API key "${name}" may ${scopes.join(', ')}, on deployments ${deployments.join(', ')}, commands ${commands.join(', ')}`
  return goodUntil(message, expiresAt, 'have it rotated: alien tokens rotate')
}

/** Of a token that is good. */
function goodUntil(message: string, expiresAt: string | null, remedy: string): Verdict {
  if (expiresAt === null) return { level: 'ok', message }
  const leftMs = Date.parse(expiresAt) - Date.now()
  const left = `${message}, until ${expiresAt}, which is in ${formatDuration(leftMs)}`
  return leftMs > EXPIRES_SOON_MS ? { level: 'ok', message: left } : { level: 'warning', message: left, remedy }
}

function refused(what: string, answer: Answer): Verdict {
  return {
    level: 'failure',
    message: `the ${what} is refused: ${errorMessage(answer)}`,
    remedy:
      answer.status === 401
        ? "have another made: alien tokens create, on the vendor's side"
        : "ask the vendor's side what the token may do: alien tokens list",
  }
}
