/** Coming in with credentials that are not an agent's, not any more, or too many. */
import { allRefused, Breach, type Arena, type Attack } from '../attack.js'
import { HostileClient, service, type GrpcAnswer } from '../hostile-client.js'
import { NAMESPACE } from '../battlefield.js'
import { agentQueue } from '../../protocol/names.js'
import { ROUTES } from '../../server/route-table.js'
import { pollRequest } from '../raw-task.js'

const attack = (
  name: string,
  without: string,
  run: Attack['run'],
  mayReach: Attack['mayReach'] = 'nothing',
  speaksGrpc = true,
): Attack => ({
  ...{ name, without, run, mayReach, speaksGrpc },
  ...(mayReach === 'other agents' ? { waits: true } : {}),
})

const describeNamespace = service.DescribeNamespaceRequest.encode({ namespace: NAMESPACE }).finish()

const cameAs = ({ hostile }: Arena, authorization: string | readonly string[] | null): Promise<GrpcAnswer> =>
  hostile.call({ method: 'DescribeNamespace', request: describeNamespace, authorization })

async function noneComesIn(arena: Arena, ...values: readonly (string | readonly string[] | null)[]): Promise<string> {
  const answers = await Promise.all(values.map((value) => cameAs(arena, value)))
  return allRefused(answers, 'UNAUTHENTICATED')
}

/** A poll on a deployment of its own, held by Temporal, and what took its token away. */
async function pollUntil(arena: Arena, name: string, takeAway: (id: string) => Promise<unknown>): Promise<string> {
  const { id, agentToken } = await arena.newDeployment(name)
  const queue = agentQueue(id)
  const published = await fetch(`${arena.url}/v1/agent/session`, {
    method: 'POST',
    headers: { authorization: `Bearer ${agentToken}`, 'content-type': 'application/json' },
    body: JSON.stringify({ commands: [] }),
  })
  if (!published.ok) throw new Error(`the deployment ${name} could not publish: ${await published.text()}`)
  const client = new HostileClient(`${arena.host}:${arena.port}`, agentToken)
  try {
    const held = client.call({ method: 'PollActivityTaskQueue', request: pollRequest(queue), timeoutMs: 20_000 })
    while (!arena.recorder.calls.some(({ request }) => request.includes(queue))) await nextTurn()
    const startMs = performance.now()
    await takeAway(id)
    const { code } = await held
    const tookMs = Math.round(performance.now() - startMs)
    if (code !== 'UNAUTHENTICATED') throw new Breach(`the held poll ended with ${code}`)
    if (tookMs > HELD_AT_MOST_MS) throw new Breach(`the held poll went on for ${tookMs} ms`)
    const again = await client.call({ method: 'PollActivityTaskQueue', request: pollRequest(queue) })
    return `${allRefused([again], 'UNAUTHENTICATED')}, the held poll ended after ${tookMs} ms`
  } finally {
    client.close()
  }
}

/** A revocation takes effect within this time. */
const HELD_AT_MOST_MS = 5_000

const nextTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve))

/** Every route of the API that is not for agents, and ways to write a path so that it might be taken for another. */
const PATHS: readonly (readonly [method: string, path: string])[] = [
  ...ROUTES.filter(({ credential }) => credential === 'api-key' || credential === 'response-token').map(
    ({ method, path }) => [method, filledIn(path)] as const,
  ),
  ['GET', '/v1/commands'],
  ['GET', '/V1/Deployments'],
  ['GET', '//v1/deployments'],
  ['GET', '/v1/agent/../deployments'],
  ['GET', '/v1/agent/%2e%2e/deployments'],
]

function filledIn(path: string): string {
  const id = path.startsWith('/v1/tokens') ? 'tok_1' : 'inv_echo_00000000000000000000000000000000'
  return path.replace(':deployment', 'acme-corp').replace(':id', id)
}

async function onTheApi({ url, evil }: Arena): Promise<string> {
  const statuses = new Map<number, number>()
  for (const [method, path] of PATHS) {
    const response = await fetch(url + path, {
      method,
      headers: { authorization: `Bearer ${evil.token}`, 'content-type': 'application/json' },
      ...(method === 'GET' ? {} : { body: JSON.stringify({ deployment: 'acme-corp', name: 'x', command: 'echo' }) }),
    })
    await response.text()
    if (![401, 403, 404].includes(response.status)) throw new Breach(`${method} ${path} answered ${response.status}`)
    statuses.set(response.status, (statuses.get(response.status) ?? 0) + 1)
  }
  return [...statuses].map(([status, count]) => `${count} × ${status}`).join(', ')
}

export const CREDENTIAL_ATTACKS: readonly Attack[] = [
  attack('come without a token', 'would be anybody', (arena) =>
    noneComesIn(arena, null, '', 'Bearer', 'Bearer ', 'Bearer  ', arena.evil.token, `Basic ${arena.evil.token}`),
  ),
  attack('come with a token that nobody issued', 'would be anybody', (arena) =>
    noneComesIn(
      arena,
      'Bearer agt_x',
      `Bearer agt_${'A'.repeat(43)}`,
      `Bearer ${arena.evil.token}x`,
      `Bearer ${arena.evil.token.slice(0, -1)}`,
      `Bearer ${arena.evil.token.toUpperCase()}`,
      `Bearer ${arena.evil.tokenId}`,
      `Bearer ${'x'.repeat(8_000)}`,
    ),
  ),
  attack(
    'come with two tokens in one header',
    "would be checked as one deployment's and served as another's",
    (arena) =>
      noneComesIn(
        arena,
        `Bearer ${arena.evil.token}, Bearer agt_x`,
        `Bearer ${arena.evil.token},Bearer ${arena.evil.token}`,
        `Bearer agt_x Bearer ${arena.evil.token}`,
      ),
  ),
  attack('come with an API key', 'would give the keys of callers the reach of agents', (arena) =>
    noneComesIn(arena, `Bearer ${arena.apiKey}`),
  ),
  attack("use the agent's token on the API", 'would invoke commands on any deployment', onTheApi, 'nothing', false),
  attack(
    "use an API key on the agents' routes",
    "would publish a manifest in a deployment's name",
    async ({ url, apiKey }) => {
      const { status } = await fetch(`${url}/v1/agent/session`, {
        method: 'POST',
        headers: { authorization: `Bearer ${apiKey}`, 'content-type': 'application/json' },
        body: JSON.stringify({ commands: [] }),
      })
      if (status !== 401) throw new Breach(`answered ${status}`)
      return String(status)
    },
    'nothing',
    false,
  ),
  attack(
    'go on with a revoked token',
    'would keep an agent that was thrown out',
    (arena) => pollUntil(arena, 'revoked-corp', (deploymentId) => arena.ask({ kind: 'revoke', deploymentId })),
    'other agents',
    false,
  ),
  attack(
    'go on with the token of a deleted deployment',
    'would keep an agent of a customer who left',
    (arena) =>
      pollUntil(arena, 'deleted-corp', async (id) => {
        const headers = { authorization: `Bearer ${arena.apiKey}` }
        const { status } = await fetch(`${arena.url}/v1/deployments/${id}`, { method: 'DELETE', headers })
        if (status !== 204) throw new Error(`the deployment could not be deleted: ${status}`)
      }),
    'other agents',
    false,
  ),
]
