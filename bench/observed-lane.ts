/** A control plane with its vendor worker, and an agent, as their users start them, that tell as much as they are told to. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../temporal/free-port.js'
import { eventually } from '../tests/support/eventually.js'
import type { Closers } from '../workers/closers.js'
import { startAlien } from './alien-process.js'
import { cpuMsOf } from './cpu-time.js'
import { createDeployment } from './deployment.js'
import { startServedAgent } from './served-agent.js'

export interface LaneSettings {
  readonly name: string
  readonly env: Readonly<Record<string, string>>
  readonly hasMetrics: boolean
}

export interface Lane {
  readonly client: CommandsClient
  /** As Prometheus asks both processes: all that they answer. */
  readonly scrape: () => Promise<string>
  /** Processor time so far, of both. */
  readonly cpuMs: () => Promise<number>
  /** What the control plane has logged. */
  readonly log: () => Promise<string>
}

const READY_WITHIN_MS = 60_000

/** @param temporal each lane has a namespace of its own, so that none runs the workflows of another */
export async function startLane(
  { name, env, hasMetrics }: LaneSettings,
  temporal: { readonly address: string; readonly namespace: string },
  folder: string,
  closers: Closers,
): Promise<Lane> {
  const stateDir = join(folder, name)
  await mkdir(stateDir)
  const token = `key_${randomBytes(32).toString('base64url')}`
  const [port, ...metricsPorts] = await Promise.all([freePort(), freePort(), freePort()])
  const settingsOf = (metricsPort = 0) => ({
    ...env,
    ALIEN_STATE_DIR: stateDir,
    ...(hasMetrics ? { ALIEN_METRICS_PORT: String(metricsPort) } : {}),
  })
  const logOf = async (part: string): Promise<number> => {
    const file = await open(join(stateDir, `${part}.log`), 'w')
    closers.add(() => file.close())
    return file.fd
  }
  const server = startAlien(
    ['server', '--port', String(port)],
    {
      ...settingsOf(metricsPorts[0]),
      ALIEN_API_KEY: token,
      TEMPORAL_ADDRESS: temporal.address,
      TEMPORAL_NAMESPACE: temporal.namespace,
    },
    await logOf('server'),
  )
  closers.add(server.stop)
  const url = `http://127.0.0.1:${String(port)}`
  const isReady = () =>
    fetch(`${url}/readyz`).then(
      ({ ok }) => ok || undefined,
      () => undefined,
    )
  await Promise.race([server.died, eventually(`the control plane "${name}" is ready`, isReady, READY_WITHIN_MS)])
  const { id, agentToken } = await createDeployment(url, token, 'bench')
  const agent = startServedAgent(url, agentToken, settingsOf(metricsPorts[1]), await logOf('agent'))
  closers.add(agent.stop)
  return {
    client: new CommandsClient({ deploymentId: id, token, url }),
    scrape: async () => {
      const ports = hasMetrics ? metricsPorts : []
      const pages = ports.map(async (of) => (await fetch(`http://127.0.0.1:${String(of)}/metrics`)).text())
      return (await Promise.all(pages)).join('\n')
    },
    cpuMs: async () => (await cpuMsOf(server.pid)) + (await cpuMsOf(agent.pid)),
    log: () => readFile(join(stateDir, 'server.log'), 'utf8'),
  }
}
