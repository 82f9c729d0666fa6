/**
 * Everything on one machine: the embedded Temporal (unless the environment names a cluster), the control plane with
 * its vendor worker, and the agents of the functions in `alien.ts`. What `alien dev` and the tests run.
 */
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { withFileLock } from '../bindings/file-lock.js'
import { CommandError } from '../protocol/errors.js'
import { devStatePath, findDevState, type DevState } from '../protocol/dev-state.js'
import type { DeploymentRef } from '../protocol/invocation.js'
import { SEARCH_ATTRIBUTES } from '../protocol/names.js'
import type { Registry } from '../server/registry/open-registry.js'
import { newToken } from '../server/registry/tokens.js'
import { resolveTemporalBinary } from '../temporal/binary.js'
import { startDevServer } from '../temporal/dev-server.js'
import { externalTemporal, plainTemporal, type TemporalSettings } from '../temporal/settings.js'
import { openOrClose, type Closers } from './closers.js'
import { startControlPlane } from './control-plane.js'
import { startDevAgents } from './dev-agents.js'
import type { ServedFunction } from './load-alien-file.js'
import type { Logger } from './logger.js'

export interface DevStackOptions {
  readonly host: string
  /** 0 takes a free one. */
  readonly port: number
  readonly stateDir: string
  /** Whether invocations outlive the stack. In memory Temporal is faster, and gone at once. */
  readonly keepsInvocations: boolean
  /** Names of the deployments to have; each gets an agent of every function. */
  readonly deployments: readonly string[]
  readonly functions: readonly ServedFunction[]
  /** For the embedded Temporal; free ones unless given. */
  readonly temporalPort?: number | undefined
  readonly temporalUiPort?: number | undefined
  readonly log: Logger
  /** What is happening now, in a few words, for a person who waits. */
  readonly onProgress: (message: string) => void
  /** What an agent did. */
  readonly onAgent: (message: string) => void
}

export interface DevStack {
  readonly state: DevState
  /** Rejects when a part of it failed; settles after `close`. */
  readonly done: Promise<void>
  readonly close: () => Promise<void>
}

/** @throws {CommandError} when one is running in this state folder already, or a part cannot be started */
export async function startDevStack(options: DevStackOptions): Promise<DevStack> {
  const { stateDir } = options
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  // Of two that start at once, the second waits to see what becomes of the first: they would share Temporal's database.
  const start = { path: join(stateDir, 'dev.lock'), what: `the start of a development server in ${stateDir}` }
  return withFileLock(start, () => {
    const running = findDevState({ ALIEN_STATE_DIR: stateDir })
    if (running) {
      throw new CommandError(
        'conflict',
        `a development server is running here already (process ${running.pid}, ${running.url}); stop it first, or give this one another ALIEN_STATE_DIR`,
      )
    }
    return openOrClose((closers) => open(options, closers))
  })
}

async function open(options: DevStackOptions, closers: Closers): Promise<DevStack> {
  const { stateDir, log, onProgress } = options
  const temporal = await openTemporal(options, closers)
  onProgress('starting the control plane')
  const token = await developerKey(stateDir)
  const controlPlane = await startControlPlane({
    host: options.host,
    port: options.port,
    registry: { file: join(stateDir, 'registry.db') },
    apiKey: { name: 'development', token },
    temporal: temporal.settings,
    temporalUiUrl: temporal.uiUrl,
    vendorWorker: true,
    // On one's own machine a limit would only be in the way.
    callsPerSecond: 0,
    agentCallsPerSecond: 0,
    log,
  })
  closers.add(controlPlane.close)
  const { registry, url } = controlPlane
  const deployments = await Promise.all(options.deployments.map((name) => developmentDeployment(registry, name)))

  onProgress('starting the agents')
  const agents = await startDevAgents({
    url,
    stateDir,
    deployments,
    functions: options.functions,
    onEvent: options.onAgent,
  })
  closers.add(agents.stop)
  await agents.settled

  const state: DevState = {
    status: 'ready',
    pid: process.pid,
    url,
    token,
    temporalAddress: temporal.settings.address,
    namespace: temporal.settings.namespace,
    temporalUi: temporal.uiUrl ?? null,
    deployments: deployments.map(({ id, name }) => ({ id, name })),
  }
  closers.add(() => rm(devStatePath(stateDir), { force: true }))
  await writeDevState(devStatePath(stateDir), state)
  return { state, done: Promise.race([controlPlane.done, temporal.died]), close: () => closers.close() }
}

/** Also what `--status-file` writes. Complete from the moment it exists. */
export async function writeDevState(path: string, state: DevState): Promise<void> {
  const temporary = `${path}.${process.pid}`
  await writeFile(temporary, `${JSON.stringify(state, null, 2)}\n`, { mode: 0o600 })
  await rename(temporary, path)
}

interface OpenTemporal {
  readonly settings: TemporalSettings
  readonly uiUrl: string | undefined
  readonly died: Promise<void>
}

async function openTemporal(
  { stateDir, keepsInvocations, temporalPort, temporalUiPort, log, onProgress }: DevStackOptions,
  closers: Closers,
): Promise<OpenTemporal> {
  const external = externalTemporal()
  if (external) {
    return { settings: external, uiUrl: process.env['ALIEN_TEMPORAL_UI_URL'], died: new Promise(() => undefined) }
  }
  const binary = await resolveTemporalBinary({ onProgress })
  onProgress('starting Temporal')
  const server = await startDevServer({
    binaryPath: binary.path,
    ...(temporalPort === undefined ? {} : { port: temporalPort }),
    ...(temporalUiPort === undefined ? {} : { uiPort: temporalUiPort }),
    ...(keepsInvocations ? { dbFilename: join(stateDir, 'temporal.db') } : {}),
    searchAttributes: SEARCH_ATTRIBUTES,
    onLog: (line) => log.debug({ source: 'temporal' }, line),
  })
  let closing = false
  closers.add(() => {
    closing = true
    return server.stop()
  })
  const died = server.exited.then(({ code, signal }) => {
    if (!closing) throw new Error(`the embedded Temporal ended with ${signal ?? `code ${code ?? 'unknown'}`}`)
  })
  // Whoever waits for it hears of it; an end while nobody waits yet is no crash of ours.
  died.catch(() => undefined)
  return { settings: plainTemporal(server.address, server.namespace), uiUrl: server.uiUrl, died }
}

/** Kept over restarts, so that a client that waits through one goes on. */
async function developerKey(stateDir: string): Promise<string> {
  const path = join(stateDir, 'api-key')
  const kept = await readFile(path, 'utf8').catch(() => undefined)
  if (kept?.trim()) return kept.trim()
  const key = newToken('api-key')
  await writeFile(path, `${key}\n`, { mode: 0o600 })
  return key
}

/** With an agent token of this run only. */
async function developmentDeployment(
  { deployments, agentTokens }: Registry,
  name: string,
): Promise<DeploymentRef & { agentToken: string }> {
  const existing = (await deployments.list()).find((deployment) => deployment.name === name)
  const { id } = existing ?? (await deployments.create({ name }))
  await agentTokens.revokeAll(id)
  const { token } = await agentTokens.create(id)
  return { id, name, agentToken: token }
}
