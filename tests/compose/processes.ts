/** Processes that outlive the one that started them, by what a file can keep of them. Linux only. */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { eventually } from '../support/eventually.js'
import type { Program } from './programs.js'

/** A number alone may be that of another process by now. */
export interface ProcessId {
  readonly pid: number
  /** Of the machine's clock ticks. */
  readonly startedAt: string
}

export interface Started {
  readonly id: ProcessId
  /** With its exit code; `null` when a signal ended it. Does not keep this process alive. */
  readonly exited: Promise<number | null>
}

/** @param logFile what it writes is appended there */
export async function startDetached(program: Program, cwd: string, logFile: string): Promise<Started> {
  const log = openSync(logFile, 'a')
  try {
    const [file, ...args] = program.command
    const { user, env } = program
    const child = spawn(file, args, { ...user, cwd, env, detached: true, stdio: ['ignore', log, log] })
    const exited = once(child, 'exit').then(([code]) => code as number | null)
    await once(child, 'spawn')
    child.unref()
    const pid = child.pid ?? 0
    return { id: { pid, startedAt: (await statOf(pid))?.startedAt ?? '' }, exited }
  } finally {
    closeSync(log)
  }
}

export const isRunning = async ({ pid, startedAt }: ProcessId): Promise<boolean> => {
  const stat = await statOf(pid)
  return stat?.startedAt === startedAt && stat.state !== 'Z'
}

/** Asks, and kills what does not end within the grace time. */
export async function stop(id: ProcessId, signal: NodeJS.Signals, graceMs: number): Promise<void> {
  if (!(await isRunning(id))) return
  process.kill(id.pid, signal)
  const gone = async () => ((await isRunning(id)) ? undefined : true)
  await eventually(`process ${id.pid} ends`, gone, graceMs).catch(() => kill(id))
}

/**
 * With all processes that it started, as the end of a container does. Until its parent has taken note of its end, a killed
 * process still has its number, and a PostgreSQL that starts in its place takes it for one that lives, and does not start.
 */
export async function kill(id: ProcessId): Promise<void> {
  if (!(await isRunning(id))) return
  const tree = await treeOf(id)
  for (const { pid } of tree) process.kill(pid, 'SIGKILL')
  const gone = async () => ((await Promise.all(tree.map(hasNumber))).some((has) => has) ? undefined : true)
  await eventually(`process ${id.pid} is gone`, gone)
}

const hasNumber = async ({ pid, startedAt }: ProcessId): Promise<boolean> =>
  (await statOf(pid))?.startedAt === startedAt

/** The process and its descendants. */
async function treeOf(root: ProcessId): Promise<ProcessId[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number)
  const stats = await Promise.all(pids.map(async (pid) => ({ pid, stat: await statOf(pid) })))
  const below = (parent: ProcessId): ProcessId[] => [
    parent,
    ...stats.flatMap(({ pid, stat }) => (stat?.parent === parent.pid ? below({ pid, startedAt: stat.startedAt }) : [])),
  ]
  return below(root)
}

async function statOf(pid: number): Promise<{ state: string; parent: number; startedAt: string } | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined)
  if (text === undefined) return undefined
  // After the name, which is in parentheses and may have any character in it.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  return { state: fields[0] ?? '', parent: Number(fields[1]), startedAt: fields[19] ?? '' }
}
