/** The product as it is run by many: control planes behind one address, vendor workers apart, agents; each a process. */
import { CommandsClient } from '@alienplatform/sdk/commands'
import { Client as TemporalClient, Connection } from '@temporalio/client'
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createDeployment } from '../../bench/deployment.js'
import { SEARCH_ATTRIBUTES } from '../../protocol/names.js'
import { resolveTemporalBinary } from '../../temporal/binary.js'
import { startDevServer } from '../../temporal/dev-server.js'
import { RETRIES } from '../../temporal/retries.js'
import type { Closers } from '../../workers/closers.js'
import { AgentProcess } from './agent-process.js'
import { AlienProcess } from './alien-process.js'
import { eventually } from './eventually.js'
import { startPostgres } from './postgres.js'
import { RoundRobin } from './round-robin.js'
import { ownPort } from './port.js'

/** What all fleets of a test share. */
export interface Ground {
  readonly temporalAddress: string
  readonly temporalPid: number
  readonly temporal: TemporalClient
  /** An empty registry. */
  readonly createDatabase: () => Promise<string>
}

export async function startGround(closers: Closers): Promise<Ground> {
  const postgres = await startPostgres()
  closers.add(() => postgres.stop())
  const { path } = await resolveTemporalBinary()
  const server = await startDevServer({ binaryPath: path, searchAttributes: SEARCH_ATTRIBUTES })
  closers.add(() => server.stop())
  const connection = await Connection.connect({ address: server.address, interceptors: RETRIES })
  closers.add(() => connection.close())
  return {
    temporalAddress: server.address,
    temporalPid: server.pid,
    temporal: new TemporalClient({ connection }),
    createDatabase: () => postgres.createDatabase(),
  }
}

/** A process of the fleet that serves. */
export interface Member {
  /** An agent's is its supervisor's. */
  readonly pid: number
  /** Asks it to stop, having it get nothing new, and waits for its end. */
  readonly stop: () => Promise<unknown>
  /** `kill -9`, of its children as well. */
  readonly kill: () => Promise<unknown>
}

interface Deployment {
  readonly id: string
  readonly agentToken: string
}

/** Old and new start side by side on a machine that is busy with them. */
const READY_WITHIN_MS = 90_000

export class Fleet {
  readonly temporal: TemporalClient
  /** For whatever handlers leave. */
  readonly folder: string
  readonly #apiKey = `key_${randomBytes(32).toString('base64url')}`
  readonly #ground: Ground
  readonly #databaseUrl: string
  readonly #balancer: RoundRobin
  readonly #closers: Closers
  readonly #deployments = new Map<string, Deployment>()

  private constructor(ground: Ground, folder: string, databaseUrl: string, balancer: RoundRobin, closers: Closers) {
    this.temporal = ground.temporal
    this.folder = folder
    this.#ground = ground
    this.#databaseUrl = databaseUrl
    this.#balancer = balancer
    this.#closers = closers
  }

  static async open(ground: Ground, closers: Closers): Promise<Fleet> {
    const folder = await mkdtemp(join(tmpdir(), 'alien-fleet-'))
    closers.add(() => rm(folder, { recursive: true, force: true }))
    const balancer = await RoundRobin.listen()
    closers.add(() => balancer[Symbol.asyncDispose]())
    return new Fleet(ground, folder, await ground.createDatabase(), balancer, closers)
  }

  /** Needs a control plane. */
  async createDeployment(name: string): Promise<void> {
    this.#deployments.set(name, await createDeployment(this.#balancer.url, this.#apiKey, name))
  }

  client(deployment: string): CommandsClient {
    return new CommandsClient({ deploymentId: deployment, token: this.#apiKey, url: this.#balancer.url })
  }

  /** @param cli here and below: of another version */
  async startControlPlane(cli?: string): Promise<Member> {
    const port = await ownPort()
    const args = ['server', '--no-worker', '--port', String(port), '--rate-limit', '0']
    const process = this.#start(args, cli)
    const ready = () => fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok || undefined)
    await eventually('the control plane is ready', () => ready().catch(() => undefined), READY_WITHIN_MS)
    this.#balancer.add(port)
    return {
      pid: process.pid,
      stop: async () => {
        this.#balancer.remove(port)
        await process.stop()
      },
      kill: () => process.stop('SIGKILL'),
    }
  }

  async startWorker(cli?: string): Promise<Member> {
    const process = this.#start(['worker'], cli)
    await says(process, '"msg":"ready"')
    return { pid: process.pid, stop: () => process.stop(), kill: () => process.stop('SIGKILL') }
  }

  /** @param machine agents of one deployment on the same machine share their journal */
  async startAgent(deployment: string, machine: string, cli?: string): Promise<Member> {
    const agent = new AgentProcess({
      url: this.#balancer.url,
      token: this.#deployments.get(deployment)?.agentToken ?? '',
      stateDir: join(this.folder, machine),
      handlers: 'chaos/handlers.ts',
      args: ['--grace', '2s'],
      env: { ALIEN_LOG_LEVEL: 'info' },
      cli,
    })
    this.#closers.add(() => agent.stop())
    await says(agent, '"msg":"serving"')
    return {
      pid: agent.pid,
      stop: () => agent.stop(),
      // Its child watches the channel between them, and ends by itself.
      kill: () => agent.stop('SIGKILL'),
    }
  }

  #start(args: readonly string[], cli: string | undefined): AlienProcess {
    const process = new AlienProcess(
      args,
      {
        ALIEN_API_KEY: this.#apiKey,
        ALIEN_LOG_LEVEL: 'info',
        ALIEN_STATE_DIR: this.folder,
        DATABASE_URL: this.#databaseUrl,
        TEMPORAL_ADDRESS: this.#ground.temporalAddress,
        // A worker with a registry can push, and needs to know where to.
        ALIEN_PUBLIC_URL: this.#balancer.url,
      },
      cli,
    )
    this.#closers.add(() => process.stop())
    return process
  }
}

async function says(process: AlienProcess, what: string): Promise<void> {
  const look = () => process.stderr.includes(what) || undefined
  await eventually(`${what} in the log`, look, READY_WITHIN_MS).catch((error: unknown) => {
    throw new Error(`${String(error)}; it said: ${process.stderr}`)
  })
}
