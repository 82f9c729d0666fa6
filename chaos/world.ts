/** The vendor's side under fire, each part a process that can be killed and started again where it was, and its sites. */
import { Client as TemporalClient, Connection } from '@temporalio/client'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer, type DevServer } from '../temporal/dev-server.js'
import { RETRIES } from '../temporal/retries.js'
import { AlienProcess } from '../tests/support/alien-process.js'
import { eventually } from '../tests/support/eventually.js'
import { openOrClose, type Closers } from '../workers/closers.js'
import { Site } from './site.js'
import { ownPort } from '../tests/support/port.js'

export interface WorldOptions {
  /** Whether the vendor worker is a process of its own, and not in that of the control plane. */
  readonly workerApart: boolean
  /** A site for each. */
  readonly sites: readonly string[]
}

interface Place {
  readonly folder: string
  readonly port: number
  readonly temporalPort: number
  readonly temporalUiPort: number
  readonly apiKey: string
}

const UP_WITHIN_MS = 60_000

export class World {
  readonly temporal: TemporalClient
  /** For the files of handlers. */
  readonly folder: string
  readonly #place: Place
  readonly #workerApart: boolean
  readonly #closers: Closers
  readonly sites = new Map<string, Site>()
  #temporalServer: DevServer
  #controlPlane: AlienProcess | undefined
  #worker: AlienProcess | undefined

  private constructor(place: Place, { workerApart }: WorldOptions, server: DevServer, closers: Closers) {
    this.folder = place.folder
    this.#place = place
    this.#workerApart = workerApart
    this.#closers = closers
    this.#temporalServer = server
    const connection = Connection.lazy({ address: server.address, interceptors: RETRIES })
    this.temporal = new TemporalClient({ connection })
    this.startControlPlane()
    if (workerApart) this.startWorker()
    closers.add(() => connection.close())
    closers.add(() => this.#temporalServer.stop())
    closers.add(() => Promise.all([this.#worker?.stop(), this.#controlPlane?.stop()]))
  }

  static open(options: WorldOptions): Promise<World> {
    return openOrClose(async (closers) => {
      const folder = await mkdtemp(join(tmpdir(), 'alien-chaos-'))
      closers.add(() => rm(folder, { recursive: true, force: true }))
      const [port, temporalPort, temporalUiPort] = [await ownPort(), await ownPort(), await ownPort()]
      const apiKey = `key_${randomBytes(32).toString('base64url')}`
      const place = { folder, port, temporalPort, temporalUiPort, apiKey }
      const world = new World(place, options, await startTemporal(place), closers)
      await world.ready()
      const { url } = world
      closers.add(() => Promise.all([...world.sites.values()].map((site) => site.close())))
      const open = async (name: string) => world.sites.set(name, await Site.open({ name, folder, url, apiKey }))
      await Promise.all(options.sites.map(open))
      return world
    })
  }

  /** @throws {Error} when there is none */
  site(name: string): Site {
    const site = this.sites.get(name)
    if (!site) throw new Error(`there is no site "${name}"`)
    return site
  }

  get url(): string {
    return `http://127.0.0.1:${this.#place.port}`
  }

  /** Resident memory of the control plane. */
  async controlPlaneBytes(): Promise<number> {
    const status = await readFile(`/proc/${this.#controlPlane?.pid ?? 0}/status`, 'utf8')
    return Number(/VmRSS:\s+(\d+)/.exec(status)?.[1]) * 1_024
  }

  async killControlPlane(): Promise<void> {
    await this.#controlPlane?.stop('SIGKILL')
  }

  startControlPlane(): void {
    const worker = this.#workerApart ? ['--no-worker'] : []
    this.#controlPlane = this.#alien(['server', '--port', String(this.#place.port), '--rate-limit', '0', ...worker])
  }

  async killWorker(): Promise<void> {
    await this.#worker?.stop('SIGKILL')
  }

  startWorker(): void {
    this.#worker = this.#alien(['worker'])
  }

  async killTemporal(): Promise<void> {
    process.kill(this.#temporalServer.pid, 'SIGKILL')
    await this.#temporalServer.exited
  }

  async startTemporal(): Promise<void> {
    this.#temporalServer = await startTemporal(this.#place)
  }

  /** Resolves when the control plane answers for Temporal and the registry. */
  ready(): Promise<true> {
    const look = async () =>
      (await fetch(`${this.url}/readyz`).catch(() => undefined))?.ok === true ? true : undefined
    return eventually('the control plane is ready', look, UP_WITHIN_MS)
  }

  close(): Promise<void> {
    return this.#closers.close()
  }

  #alien(args: readonly string[]): AlienProcess {
    const { folder, temporalPort, apiKey } = this.#place
    return new AlienProcess(args, {
      ALIEN_STATE_DIR: folder,
      ALIEN_API_KEY: apiKey,
      TEMPORAL_ADDRESS: `127.0.0.1:${temporalPort}`,
    })
  }
}

async function startTemporal({ folder, temporalPort, temporalUiPort }: Place): Promise<DevServer> {
  const { path } = await resolveTemporalBinary({ onProgress: () => undefined })
  return startDevServer({
    binaryPath: path,
    port: temporalPort,
    uiPort: temporalUiPort,
    dbFilename: join(folder, 'temporal.db'),
    searchAttributes: SEARCH_ATTRIBUTES,
  })
}
