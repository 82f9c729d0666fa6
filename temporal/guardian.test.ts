import { execFileSync, spawn } from 'node:child_process'
import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { setTimeout as delay } from 'node:timers/promises'
import { build } from 'esbuild'
import { describe, expect, it } from 'vitest'
import { spawnGuarded, type GuardedProcess } from './guardian.js'

const isAlive = (pid: number): boolean => {
  try {
    return process.kill(pid, 0)
  } catch {
    return false
  }
}

/** A process that is not our child tells nobody when it goes. The test's own time-out bounds the loop. */
const untilGone = async (pid: number): Promise<void> => {
  while (isAlive(pid)) await delay(20)
}

/** A child that says "ready" and then does `onTerm` at SIGTERM. */
const start = async (onTerm: string, stopGraceSeconds = 5): Promise<{ child: GuardedProcess; lines: string[] }> => {
  const lines: string[] = []
  const first = new EventEmitter()
  const ready = once(first, 'line')
  const onLine = (line: string): void => {
    lines.push(line)
    first.emit('line')
  }
  const script = `trap '${onTerm}' TERM; echo ready; while :; do sleep 0.1; done`
  const child = await spawnGuarded('sh', ['-c', script], { stopGraceSeconds, onLine })
  await ready
  return { child, lines }
}

describe('spawnGuarded', () => {
  it('stops the process with SIGTERM, and tells its exit code and everything it wrote', async () => {
    const { child, lines } = await start('echo bye >&2; exit 3')
    expect(isAlive(child.pid)).toBe(true)
    await Promise.all([child.stop(), child.stop()])
    expect(isAlive(child.pid)).toBe(false)
    expect(await child.exited).toEqual({ code: 3, signal: null })
    expect(lines).toEqual(['ready', 'bye'])
    await child.stop()
  })

  it('kills a process that does not heed SIGTERM within the grace period', async () => {
    const { child, lines } = await start('echo no', 1)
    await child.stop()
    expect(await child.exited).toEqual({ code: null, signal: 'SIGKILL' })
    expect(lines.slice(0, 2)).toEqual(['ready', 'no'])
  })

  it('tells when the process ends by itself', async () => {
    const child = await spawnGuarded('sh', ['-c', 'exit 7'], { stopGraceSeconds: 5, onLine: () => undefined })
    expect(await child.exited).toEqual({ code: 7, signal: null })
    await child.stop()
  })

  it('says by output and exit code 127 that there is no such command', async () => {
    const lines: string[] = []
    const options = { stopGraceSeconds: 5, onLine: (line: string) => lines.push(line) }
    const child = await spawnGuarded('/nowhere/temporal', [], options)
    expect(await child.exited).toEqual({ code: 127, signal: null })
    expect(lines.join()).toContain('/nowhere/temporal: not found')
  })

  it('passes a signal on to the process when the guardian itself gets one', async () => {
    const { child } = await start('exit 4')
    process.kill(Number(execFileSync('ps', ['-o', 'ppid=', '-p', String(child.pid)])), 'SIGTERM')
    expect(await child.exited).toEqual({ code: 4, signal: null })
  })

  it('stops the process when its owner is killed with SIGKILL', async () => {
    const directory = await mkdtemp(join(import.meta.dirname, '../node_modules/.guardian-test-'))
    try {
      const outfile = join(directory, 'owner.mjs')
      const contents = `
        import { spawnGuarded } from './guardian.js'
        const child = await spawnGuarded('sleep', ['1000'], { stopGraceSeconds: 5, onLine: () => undefined })
        console.log(child.pid)`
      const stdin = { contents, resolveDir: import.meta.dirname, loader: 'ts' } as const
      await build({ stdin, outfile, bundle: true, platform: 'node', format: 'esm', packages: 'external' })

      const owner = spawn(process.execPath, [outfile], { stdio: ['ignore', 'pipe', 'inherit'] })
      const [line] = (await once(createInterface({ input: owner.stdout }), 'line')) as [string]
      const pid = Number(line)
      expect(isAlive(pid)).toBe(true)
      owner.kill('SIGKILL')
      await untilGone(pid)
    } finally {
      await rm(directory, { recursive: true })
    }
  })
})
