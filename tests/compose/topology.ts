/**
 * The services of `docker-compose.yml` as processes of this machine, from the same settings.
 *
 *   (nothing) ──up──► services in their order, each healthy before the next ──► an agent ──down──► (nothing)
 *
 * Invariants:
 *  T1  all that it writes is in its folder, and all that it starts is in the folder's state: whoever has the folder can
 *      take it down
 *  T2  no process is started that the state does not have a moment later, and none is taken out of it before it is gone
 */
import { randomBytes } from 'node:crypto'
import { chmod, mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { freePort } from '../../temporal/free-port.js'
import { installed, TEMPORAL_SERVER } from '../cloud/tools.js'
import { alien, type CliAnswer } from '../support/cli.js'
import { eventually } from '../support/eventually.js'
import { addressOf, newNetwork, placed } from './addresses.js'
import { makeCertificates } from './certificates.js'
import { readCompose, startOrder, type ComposeFile, type Service, type Variables } from './compose-file.js'
import { untilDone, untilHealthy } from './health.js'
import { isRunning, kill, startDetached, stop, type ProcessId } from './processes.js'
import { programOf, type TemporalChoice } from './programs.js'

/** The customer whose agent is the one of the compose file. */
export const DEPLOYMENT = 'acme-corp'

/** A service that runs; a service may run several times. */
interface Instance extends ProcessId {
  readonly service: string
  /** Its own, before those of all. */
  readonly variables: Variables
}

interface State {
  /** Three quarters of an address: `127.80.3`. */
  readonly network: string
  /** What `.env` has. */
  readonly variables: Variables
  readonly temporal: TemporalChoice
  readonly instances: Readonly<Record<string, Instance>>
}

type Say = (message: string) => void

export interface UpOptions {
  readonly folder: string
  /** Temporal's server itself, on PostgreSQL, instead of the development server. */
  readonly temporalServer?: boolean
  readonly say: Say
}

/** Above those of the services themselves. */
const FIRST_OF_OTHERS = 100
const SERVES_WITHIN_MS = 60_000
const LOOK_AGAIN_MS = 500

export class Topology {
  readonly folder: string
  readonly #say: Say
  readonly #services: ComposeFile['services']
  #state: State

  private constructor(folder: string, state: State, services: ComposeFile['services'], say: Say) {
    this.folder = folder
    this.#state = state
    this.#services = services
    this.#say = say
  }

  /** What cannot be started whole is taken down again. @throws {Error} when there is one already */
  static async up({ folder, temporalServer, say }: UpOptions): Promise<Topology> {
    if ((await readState(folder)) !== undefined) throw new Error(`there is one in ${folder}; npm run topology down`)
    await mkdir(join(folder, 'logs'), { recursive: true })
    // PostgreSQL runs as another user, and comes through here to what is its own.
    await chmod(folder, 0o711)
    const variables = newVariables(folder)
    const { services } = await readCompose(variables)
    const state = {
      network: newNetwork(),
      variables,
      temporal:
        temporalServer === true
          ? { server: await installed(TEMPORAL_SERVER) }
          : { port: await freePort(), uiPort: await freePort() },
      instances: {},
    }
    const topology = new Topology(folder, state, services, say)
    await topology.#save()
    try {
      await makeCertificates(folder, topology.#addressOf('control-plane'))
      await topology.#startAll()
      return topology
    } catch (error) {
      await topology.down()
      throw error
    }
  }

  /** @throws {Error} when there is none */
  static async open(folder: string, say: Say): Promise<Topology> {
    const state = await readState(folder)
    if (state === undefined) throw new Error('none is up; npm run topology up')
    const { services } = await readCompose(state.variables)
    return new Topology(folder, state, services, say)
  }

  /** For whoever calls the control plane. */
  get callerEnv(): Readonly<Record<'ALIEN_URL' | 'ALIEN_TOKEN' | 'NODE_EXTRA_CA_CERTS', string>> {
    return {
      ALIEN_URL: `https://${this.#addressOf('control-plane')}:7700`,
      ALIEN_TOKEN: this.#state.variables['ALIEN_API_KEY'] ?? '',
      NODE_EXTRA_CA_CERTS: join(this.folder, 'ca.crt'),
    }
  }

  /** `alien`, as whoever calls the control plane. */
  alien(args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<CliAnswer> {
    return alien(args, { env: { ...this.callerEnv, ...env } })
  }

  /** The environment of a service, as its process has it. */
  async environmentOf(service: string): Promise<Readonly<Record<string, string>>> {
    return (await this.#placed(service, service, {})).environment
  }

  /** Registers a deployment and starts the compose file's agent for it; resolves when that serves. */
  async startAgent(deployment: string, instance: string, variables: Variables = {}): Promise<{ id: string }> {
    const { stdout, stderr } = await this.alien(['deployments', 'create', deployment, '--json'])
    if (stdout === '') throw new Error(`deployment ${deployment} was not created: ${stderr}`)
    const { id, agentToken } = JSON.parse(stdout) as { id: string; agentToken: string }
    await this.run('agent', instance, { ...variables, AGENT_TOKEN: agentToken })
    await this.agentServes(deployment)
    return { id }
  }

  /** Resolves when its agent takes work. */
  async agentServes(deployment: string): Promise<void> {
    const look = async () => {
      const { stdout } = await this.alien(['deployments', 'list', '--json'])
      const all = JSON.parse(stdout || '[]') as { name: string; online: boolean }[]
      return all.find(({ name }) => name === deployment)?.online === true ? true : undefined
    }
    await eventually(`the agent of ${deployment} serves`, look, SERVES_WITHIN_MS, LOOK_AGAIN_MS)
  }

  /** Starts a service, and resolves when it is healthy, or has done its work when it is one that ends. */
  async run(service: string, instance = service, variables: Variables = {}): Promise<void> {
    const definition = await this.#placed(service, instance, variables)
    const volume = join(this.folder, 'volumes', instance)
    await mkdir(volume, { recursive: true })
    const place = { host: this.#addressOf(service), volume, folder: this.folder, temporal: this.#state.temporal }
    const program = await programOf(definition, place)
    if (program === undefined) {
      this.#say(`${instance}: left out, for nothing here does what its image does`)
      return
    }
    const log = join(this.folder, 'logs', `${instance}.log`)
    const { id, exited } = await startDetached(program, volume, log)
    await this.#keep(instance, { ...id, service, variables })
    const watched = { name: instance, id, log }
    if (this.#ends(service)) await untilDone(watched, exited)
    else await untilHealthy(watched, definition, program)
    await program.afterwards?.()
    this.#say(this.#ends(service) ? `${instance}: done` : `${instance}: up, process ${id.pid}`)
  }

  /** As the kernel or a power cut does it: nothing in it hears of it. */
  kill(instance: string): Promise<void> {
    return kill(this.#instance(instance))
  }

  /** What was killed, as `restart: unless-stopped` does it. */
  async restart(instance: string): Promise<void> {
    const { service, variables } = this.#instance(instance)
    await this.run(service, instance, variables)
  }

  /** Ends all of it in an orderly way, the last first, and removes the folder. */
  async down(): Promise<void> {
    for (const [name, instance] of Object.entries(this.#state.instances).reverse()) {
      const { stop_signal, stop_grace_period } = this.#service(instance.service)
      if (await isRunning(instance)) this.#say(`${name}: stopping`)
      await stop(instance, stop_signal, stop_grace_period)
    }
    await rm(this.folder, { recursive: true, force: true })
  }

  async #startAll(): Promise<void> {
    const names = startOrder(this.#services).filter((name) => this.#service(name).profiles.length === 0)
    for (const name of names) await this.run(name)
    await this.startAgent(DEPLOYMENT, 'agent')
  }

  async #placed(service: string, instance: string, variables: Variables): Promise<Service> {
    const compose = await readCompose({ ...this.#state.variables, ...variables })
    const definition = compose.services[service]
    if (definition === undefined) throw new Error(`the compose file has no service ${service}`)
    const { network, temporal } = this.#state
    const devServer = 'server' in temporal ? undefined : `127.0.0.1:${temporal.port}`
    return placed(definition, {
      compose,
      network,
      folder: this.folder,
      instance,
      own: this.#addressOfInstance(service, instance),
      devServer,
    })
  }

  /** As containers have it, another instance of a service has another address, and keeps it when it is started again. */
  #addressOfInstance(service: string, instance: string): string {
    if (instance === service) return this.#addressOf(service)
    const position = Object.keys({ ...this.#state.instances, [instance]: undefined }).indexOf(instance)
    return `${this.#state.network}.${FIRST_OF_OTHERS + position}`
  }

  #addressOf(service: string): string {
    return addressOf(this.#state.network, this.#services, service)
  }

  #service(name: string): Service {
    const service = this.#services[name]
    if (service === undefined) throw new Error(`the compose file has no service ${name}`)
    return service
  }

  #instance(name: string): Instance {
    const instance = this.#state.instances[name]
    if (instance === undefined) throw new Error(`nothing called ${name} was started`)
    return instance
  }

  /** Whether others wait for its end. */
  #ends(service: string): boolean {
    return Object.values(this.#services).some(
      ({ depends_on }) => depends_on[service]?.condition === 'service_completed_successfully',
    )
  }

  async #keep(name: string, instance: Instance): Promise<void> {
    // Added again, what was restarted is the last one to have been started, and ends first.
    const others = Object.entries(this.#state.instances).filter(([other]) => other !== name)
    this.#state = { ...this.#state, instances: Object.fromEntries([...others, [name, instance]]) }
    await this.#save()
  }

  async #save(): Promise<void> {
    const file = stateFile(this.folder)
    await writeFile(`${file}.new`, `${JSON.stringify(this.#state, null, 2)}\n`, { mode: 0o600 })
    await rename(`${file}.new`, file)
  }
}

const stateFile = (folder: string): string => join(folder, 'state.json')

async function readState(folder: string): Promise<State | undefined> {
  const text = await readFile(stateFile(folder), 'utf8').catch(() => undefined)
  return text === undefined ? undefined : (JSON.parse(text) as State)
}

const secret = (): string => randomBytes(24).toString('hex')

const newVariables = (folder: string): Variables => ({
  POSTGRES_PASSWORD: secret(),
  TEMPORAL_DB_PASSWORD: secret(),
  REGISTRY_DB_PASSWORD: secret(),
  ALIEN_API_KEY: `key_${secret()}`,
  TLS_CERT_FILE: join(folder, 'tls.crt'),
  TLS_KEY_FILE: join(folder, 'tls.key'),
  TLS_CA_FILE: join(folder, 'ca.crt'),
})
