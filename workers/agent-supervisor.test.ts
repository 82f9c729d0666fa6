import { EventEmitter, once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import { scratchDirectory } from '../bindings/scratch.testsuite.js'
import type * as Supervisor from './agent-supervisor.js'

/** In place of the agent's main: runs the handlers' module without loading Temporal first. */
const MAIN = `import(require('node:url').pathToFileURL(process.argv[2]).href)`

let built: string
let AgentSupervisor: typeof Supervisor.AgentSupervisor

beforeAll(async () => {
  built = await mkdtemp(join(tmpdir(), 'alien-supervisor-'))
  const outfile = join(built, 'agent-supervisor.mjs')
  const source = fileURLToPath(new URL('./agent-supervisor.ts', import.meta.url))
  await build({ entryPoints: [source], outfile, bundle: true, platform: 'node', format: 'esm' })
  // Without it, whatever package.json lies in the folders above would say what kind of module this is.
  await writeFile(join(built, 'package.json'), '{"type": "commonjs"}')
  await writeFile(join(built, 'agent-main.js'), MAIN)
  ;({ AgentSupervisor } = (await import(pathToFileURL(outfile).href)) as typeof Supervisor)
})
afterAll(() => rm(built, { recursive: true }))

type Told = { ready: { deployment: string; commands: readonly string[] } } | { ended: string; retryInMs?: number }

const tell = (deployment: string): string =>
  `process.send({ kind: 'ready', deployment: ${deployment}, commands: ['generate-report'] })`
const STAY = `setInterval(() => undefined, 1_000); await new Promise(() => undefined)`
/** Runs until it is asked to stop. */
const HEALTHY = `process.on('SIGTERM', () => process.exit(0)); ${tell('process.cwd()')}; ${STAY}`

let folder: string
let bundle: string

beforeEach(async () => {
  folder = await scratchDirectory()
  bundle = join(folder, 'handlers.mjs')
})

/** A supervisor, and what it tells, to be awaited one by one. */
function supervise(changes: Partial<Supervisor.AgentProcessOptions> = {}) {
  const events = new EventEmitter<{ told: [Told] }>()
  const backlog: Told[] = []
  events.on('told', (told) => backlog.push(told))
  const supervisor = new AgentSupervisor(
    { bundle, functionName: 'agent', env: {}, cwd: folder, ...changes },
    {
      onReady: ({ deployment, commands }) => events.emit('told', { ready: { deployment, commands } }),
      onEnded: (ended, retryInMs) => events.emit('told', { ended, ...(retryInMs === undefined ? {} : { retryInMs }) }),
    },
  )
  onTestFinished(() => supervisor.stop())
  const next = async (): Promise<Told> => {
    if (backlog.length === 0) await once(events, 'told')
    return backlog.shift() as Told
  }
  return { supervisor, next, backlog }
}

/** Time passes only when the test says so. */
function holdTime(): void {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'Date'] })
  onTestFinished(() => void vi.useRealTimers())
}

const isRunning = (pid: number | undefined): boolean => {
  expect(pid).toBeDefined()
  try {
    return process.kill(pid as number, 0)
  } catch {
    return false
  }
}

/** Never with a process that is not there: 0 would be the tests' own process group. */
const killAgent = (pid: number | undefined): void => {
  expect(pid).toBeGreaterThan(0)
  process.kill(pid as number, 'SIGKILL')
}

describe('a healthy agent', () => {
  test('says that it is ready, runs in its folder, and ends when it is told to', async () => {
    await writeFile(bundle, HEALTHY)
    const { supervisor, next, backlog } = supervise()
    await supervisor.restart()
    const { pid } = supervisor
    expect(await next()).toEqual({ ready: { deployment: folder, commands: ['generate-report'] } })
    expect(isRunning(pid)).toBe(true)
    await supervisor.stop()
    expect(isRunning(pid)).toBe(false)
    expect(supervisor.pid).toBeUndefined()
    expect(backlog).toEqual([])
  })

  test('gets its function and its environment, and nothing else', async () => {
    await writeFile(bundle, `${tell('`${process.argv[3]} ${process.env.ALIEN_TOKEN} ${process.env.HOME}`')}; ${STAY}`)
    const { supervisor, next } = supervise({ env: { ALIEN_TOKEN: 'agt_7' } })
    await supervisor.restart()
    expect(await next()).toMatchObject({ ready: { deployment: 'agent agt_7 undefined' } })
    killAgent(supervisor.pid)
    await next()
  })

  test('is replaced by a restart, and is not told to have ended', async () => {
    await writeFile(bundle, HEALTHY)
    const { supervisor, next, backlog } = supervise()
    await supervisor.restart()
    const { pid } = supervisor
    await next()
    await supervisor.restart()
    expect(isRunning(pid)).toBe(false)
    expect(supervisor.pid).not.toBe(pid)
    expect(await next()).toHaveProperty('ready')
    expect(backlog).toEqual([])
  })

  test('that does not end in time is killed', async () => {
    await writeFile(bundle, `process.on('SIGTERM', () => ${tell(`'asked'`)}); ${tell(`'here'`)}; ${STAY}`)
    const { supervisor, next } = supervise()
    await supervisor.restart()
    const { pid } = supervisor
    expect(await next()).toMatchObject({ ready: { deployment: 'here' } })
    holdTime()
    const stopped = supervisor.stop()
    expect(await next()).toMatchObject({ ready: { deployment: 'asked' } })
    vi.advanceTimersByTime(19_999)
    expect(isRunning(pid)).toBe(true)
    vi.advanceTimersByTime(1)
    await stopped
    expect(isRunning(pid)).toBe(false)
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('an agent that ends by itself', () => {
  test('is started again, each time after a longer while', async () => {
    await writeFile(bundle, 'process.exit(1)')
    holdTime()
    const { supervisor, next } = supervise()
    await supervisor.restart()
    const shares = new Set<number>()
    for (const ceilingMs of [500, 1_000, 2_000, 4_000, 6_000, 6_000]) {
      const told = (await next()) as { ended: string; retryInMs: number }
      expect(told.ended).toBe('the agent process ended with code 1')
      expect(told.retryInMs).toBeGreaterThanOrEqual(ceilingMs / 2)
      expect(told.retryInMs).toBeLessThanOrEqual(ceilingMs)
      shares.add(told.retryInMs / ceilingMs)
      expect(supervisor.pid).toBeUndefined()
      vi.advanceTimersByTime(told.retryInMs - 1)
      expect(supervisor.pid).toBeUndefined()
      vi.advanceTimersByTime(1)
      expect(supervisor.pid).toBeDefined()
    }
    // No two agents that were cut off together come back together.
    expect(shares.size).toBeGreaterThan(1)
    await next()
  })

  test('after it ran for a minute starts a new series', async () => {
    await writeFile(bundle, HEALTHY)
    holdTime()
    const { supervisor, next } = supervise()
    await supervisor.restart()
    for (const [ranMs, ceilingMs] of [
      [0, 500],
      [59_999, 1_000],
      [60_000, 500],
    ] as const) {
      await next()
      vi.advanceTimersByTime(ranMs)
      killAgent(supervisor.pid)
      const told = (await next()) as { ended: string; retryInMs: number }
      expect(told.ended).toBe('the agent process ended with SIGKILL')
      expect(told.retryInMs).toBeGreaterThanOrEqual(ceilingMs / 2)
      expect(told.retryInMs).toBeLessThanOrEqual(ceilingMs)
      vi.advanceTimersByTime(told.retryInMs)
    }
    await next()
  })

  test('is not started again once its supervisor stopped', async () => {
    await writeFile(bundle, 'process.exit(1)')
    holdTime()
    const { supervisor, next } = supervise()
    await supervisor.restart()
    await next()
    expect(vi.getTimerCount()).toBe(1)
    await supervisor.stop()
    expect(vi.getTimerCount()).toBe(0)
    await supervisor.restart()
    expect(supervisor.pid).toBeUndefined()
  })

  test('is started once by a restart that comes before its time', async () => {
    await writeFile(bundle, 'process.exit(1)')
    holdTime()
    const { supervisor, next } = supervise()
    await supervisor.restart()
    await next()
    await writeFile(bundle, HEALTHY)
    await supervisor.restart()
    expect(vi.getTimerCount()).toBe(0)
    expect(await next()).toHaveProperty('ready')
  })
})

describe('an agent that cannot work', () => {
  test('says why, and is not started again until it is told to', async () => {
    await writeFile(bundle, `process.send({ kind: 'failed', reason: 'no region' }); process.exit(78)`)
    const { supervisor, next } = supervise()
    await supervisor.restart()
    expect(await next()).toEqual({ ended: 'no region' })
    expect(supervisor.pid).toBeUndefined()
    await writeFile(bundle, HEALTHY)
    await supervisor.restart()
    expect(await next()).toHaveProperty('ready')
  })

  test('whose process cannot be started is tried again', async () => {
    await writeFile(bundle, HEALTHY)
    const { supervisor, next } = supervise({ cwd: join(folder, 'gone') })
    await supervisor.restart()
    expect(await next()).toMatchObject({
      ended: expect.stringMatching(/^the agent process cannot be started: spawn .* ENOENT$/) as unknown,
      retryInMs: expect.any(Number) as unknown,
    })
  })
})
