/**
 * What is attacked, and by whom: a Temporal, a recorder before it, a control plane, two deployments with their agents.
 * `evil-corp` is a customer with a good token and bad intentions, `acme-corp` the one it is after.
 */
import { Client as TemporalClient, Connection } from '@temporalio/client'
import { CommandsClient } from '@alienplatform/sdk/commands'
import { randomBytes } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { createDeployment } from '../bench/deployment.js'
import { startChild, type Child } from '../bench/child.js'
import { agentQueue, SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import type { Closers } from '../workers/closers.js'
import { startAgent } from './agent.js'
import type { Answer, ControlPlaneReady, ControlPlaneSettings, Question } from './control-plane.js'
import { HostileClient } from './hostile-client.js'
import { buildControlPlane, TLS_FOLDER } from './programs.js'
import { startRecorder, type Recorder } from './recorder.js'

export interface Side {
  readonly id: string
  readonly name: string
  /** Task queue of its real agent. */
  readonly queue: string
  /** Task queue of its function `raw`, which only the attacks poll. */
  readonly rawQueue: string
  /** A token of its own, beside its real agent's. */
  readonly token: string
  readonly tokenId: string
  /** Of those who do what they should: its real agent, and who keeps the raw tasks alive. */
  readonly innocentTokenIds: readonly string[]
  readonly keeperToken: string
  readonly commands: CommandsClient
}

export interface Battlefield {
  readonly url: string
  readonly host: string
  readonly port: number
  readonly pid: number
  /** The same with TLS. */
  readonly secure: { readonly host: string; readonly port: number; readonly ca: Buffer }
  readonly apiKey: string
  readonly sealingKey: Buffer
  readonly acme: Side
  readonly evil: Side
  /** Dials the gateway with the token of `evil-corp`. */
  readonly hostile: HostileClient
  readonly recorder: Recorder
  /** Past everything, for looking at what became of things. */
  readonly temporal: TemporalClient
  readonly ask: (question: Question) => Promise<Answer>
  readonly newDeployment: (name: string) => Promise<{ readonly id: string; readonly agentToken: string }>
}

export const NAMESPACE = 'default'

export async function openBattlefield(closers: Closers): Promise<Battlefield> {
  const binary = await resolveTemporalBinary({ onProgress: () => undefined })
  const server = await startDevServer({ binaryPath: binary.path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(server.stop)
  const recorder = await startRecorder(server.address)
  closers.add(() => recorder.close())
  const sealingKey = randomBytes(32)
  const settings: ControlPlaneSettings = {
    temporalAddress: recorder.address,
    sealingKey: sealingKey.toString('base64'),
    tls: { certFile: join(TLS_FOLDER, 'first.crt'), keyFile: join(TLS_FOLDER, 'first.key') },
  }
  const child = await startChild<ControlPlaneReady, Question, Answer>(await buildControlPlane(), settings)
  closers.add(child.stop)
  const { url, pid, apiKey } = child.ready
  const acme = await openSide('acme-corp', child, closers)
  const evil = await openSide('evil-corp', child, closers)
  const { hostname: host, port, host: address } = new URL(url)
  const hostile = new HostileClient(address, evil.token)
  closers.add(() => hostile.close())
  const connection = await Connection.connect({ address: server.address })
  closers.add(() => connection.close())
  const temporal = new TemporalClient({ connection, namespace: NAMESPACE })
  const secureUrl = new URL(child.ready.secureUrl)
  const ca = await readFile(join(TLS_FOLDER, 'ca.crt'))
  const secure = { host: secureUrl.hostname, port: Number(secureUrl.port), ca }
  const newDeployment = (name: string) => createDeployment(url, apiKey, name)
  return {
    ...{ url, host, port: Number(port), pid, apiKey, sealingKey, acme, evil, hostile, recorder, temporal, secure },
    ask: oneAtATime(child.ask),
    newDeployment,
  }
}

/** As a child wants its questions. */
function oneAtATime(ask: (question: Question) => Promise<Answer>): (question: Question) => Promise<Answer> {
  let last: Promise<unknown> = Promise.resolve()
  return (question) => {
    const answer = last.then(() => ask(question))
    last = answer.catch(() => undefined)
    return answer
  }
}

async function openSide(name: string, child: Child<ControlPlaneReady, Question, Answer>, closers: Closers) {
  const { url, apiKey } = child.ready
  const { id } = await createDeployment(url, apiKey, name)
  const agentToken = await child.ask({ kind: 'token', deploymentId: id })
  const { token, tokenId } = await child.ask({ kind: 'token', deploymentId: id })
  const keeper = await child.ask({ kind: 'token', deploymentId: id })
  const commands = new CommandsClient({ deploymentId: id, token: apiKey, url })
  closers.add(await startAgent(url, agentToken.token))
  await commands.invoke('echo', { value: 'ready' })
  await publishRawFunction(url, token)
  return {
    ...{ id, name, token, tokenId, commands, keeperToken: keeper.token },
    innocentTokenIds: [agentToken.tokenId, keeper.tokenId],
    queue: agentQueue(id),
    rawQueue: agentQueue(id, 'raw'),
  } satisfies Side
}

async function publishRawFunction(url: string, token: string): Promise<void> {
  const response = await fetch(`${url}/v1/agent/session`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify({ function: 'raw', commands: [{ name: 'raw-task', policy: {} }] }),
  })
  if (!response.ok) throw new Error(`the function "raw" could not be published: ${await response.text()}`)
}
