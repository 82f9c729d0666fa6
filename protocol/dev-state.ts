/**
 * What a running development server tells the tools beside it: `<state dir>/dev.json`, also what `--status-file`
 * writes. Holds an API key, so it is readable by its owner only.
 */
import { readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import type { DeploymentRef } from './invocation.js'

export interface DevState {
  readonly status: 'ready'
  readonly pid: number
  readonly url: string
  readonly token: string
  readonly temporalAddress: string
  readonly namespace: string
  /** Base URL of Temporal's Web UI; `null` with an external cluster whose UI is not known. */
  readonly temporalUi: string | null
  readonly deployments: readonly DeploymentRef[]
}

/** The customer that a development server plays unless told otherwise. */
export const DEFAULT_DEPLOYMENT = 'acme-corp'

const FILE_NAME = 'dev.json'
const STATE_DIR_NAME = '.alien'

/** `ALIEN_STATE_DIR`, or `.alien` in the current folder. An empty variable is one that is not set. */
export const stateDir = (env: NodeJS.ProcessEnv = process.env): string =>
  resolve(env['ALIEN_STATE_DIR'] || STATE_DIR_NAME)

export const devStatePath = (dir: string): string => join(dir, FILE_NAME)

/** The running development server of this folder or of the nearest one above it; `undefined` when there is none. */
export function findDevState(env: NodeJS.ProcessEnv = process.env): DevState | undefined {
  if (env['ALIEN_STATE_DIR']) return readDevState(env['ALIEN_STATE_DIR'])
  for (let folder = process.cwd(); ; folder = dirname(folder)) {
    const state = readDevState(join(folder, STATE_DIR_NAME))
    if (state !== undefined || folder === dirname(folder)) return state
  }
}

function readDevState(dir: string): DevState | undefined {
  try {
    const state = JSON.parse(readFileSync(devStatePath(dir), 'utf8')) as DevState
    return isAlive(state.pid) ? state : undefined
  } catch {
    return undefined
  }
}

/** A server that was killed left its file behind. */
function isAlive(pid: number): boolean {
  try {
    return process.kill(pid, 0)
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
