/** When a service is healthy, by the check of the compose file. */
import { execa } from 'execa'
import { readFile } from 'node:fs/promises'
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '../support/eventually.js'
import type { Service } from './compose-file.js'
import { isRunning, type ProcessId } from './processes.js'
import type { Program } from './programs.js'

export interface Watched {
  readonly name: string
  readonly id: ProcessId
  readonly log: string
}

/** For what has to be done once: schemas, a namespace. */
const DONE_WITHIN_MS = 120_000

/** Sooner than the check's own interval, and seldom enough to leave the processor to the service. */
const LOOK_AGAIN_MS = 500

/** At once for a service without a check. @throws {Error} with the end of its log when it ends, or is not in time */
export async function untilHealthy(
  watched: Watched,
  { healthcheck }: Service,
  { env, listens }: Program,
): Promise<void> {
  if (healthcheck === undefined) return
  const { test, interval, timeout, retries, start_period } = healthcheck
  const [, file = '', ...args] = listens ? ['CMD', 'nc', '-z', listens.host, String(listens.port)] : test
  const look = async () => {
    if (!(await isRunning(watched.id))) throw new Error(`${watched.name} ended; ${await tailOf(watched)}`)
    // What the images have and this machine may not.
    const isOpen = file === 'nc' ? await accepts(args) : await succeeds(file, args, env, timeout)
    return isOpen ? true : undefined
  }
  await eventually(`${watched.name} is healthy`, look, start_period + interval * retries, LOOK_AGAIN_MS)
}

/** @throws {Error} with the end of its log when it fails, or is not in time */
export async function untilDone(watched: Watched, exited: Promise<number | null>): Promise<void> {
  const inTime = new AbortController()
  const late = delay(DONE_WITHIN_MS, 'nothing in time', { signal: inTime.signal })
  late.catch(() => undefined)
  const code = await Promise.race([exited, late])
  inTime.abort()
  if (code !== 0) throw new Error(`${watched.name} ended with ${String(code)}; ${await tailOf(watched)}`)
}

const succeeds = async (
  file: string,
  args: readonly string[],
  env: Program['env'],
  timeout: number,
): Promise<boolean> => (await execa(file, args, { env, extendEnv: false, reject: false, timeout })).exitCode === 0

/** `nc -z HOST PORT`. */
const accepts = ([, host = '', port]: readonly string[]): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect({ host, port: Number(port) })
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false))
    socket.once('connect', () => socket.destroy())
  })

async function tailOf({ log }: Watched): Promise<string> {
  const text = await readFile(log, 'utf8')
  return `its log ends with:\n${text.trimEnd().split('\n').slice(-10).join('\n')}`
}
