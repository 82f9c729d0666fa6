/** What an agent makes of attempts that were delivered before: from its journal, or from the run that goes on. */
import { ActivityCancellationDetails, type RawValue } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import Database from 'libsql'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest'
import type { AttemptInput } from '../protocol/invocation.js'
import type { CommandOptions, Handler } from '../sdk/command.js'
import { CommandRegistry } from '../sdk/registry.js'
import { DEFAULT_JOURNAL_LIMITS, openJournal, type Journal } from '../execution/journal/journal.js'
import { PolicyGate } from '../execution/policy-gate.js'
import { commandActivities, type AttemptDeps, type CommandActivity } from './run-command.js'
import { Runs } from '../execution/runs.js'
import { ATTEMPT, SILENT_LOG, testFolder } from '../execution/test-run.testsuite.js'
import { testDeps } from './test-deps.testsuite.js'

const LOST = new ActivityCancellationDetails({ notFound: true })
const STOPPING = new ActivityCancellationDetails({ workerShutdown: true })

/** An agent's process: what it has beside its journal goes with it. */
function agent(deps: AttemptDeps, handler: Handler, options: CommandOptions = {}) {
  const registry = new CommandRegistry([{ name: 'report', options, handler }])
  const activity = commandActivities(registry, { ...deps, runs: new Runs() })['report'] as CommandActivity
  return async (attempt: Partial<AttemptInput> = {}, environment = new MockActivityEnvironment()): Promise<string> => {
    const { payload }: RawValue = await environment.run(activity, {}, { ...ATTEMPT, ...attempt })
    return Buffer.from(payload.data ?? []).toString()
  }
}

const forbidden: Handler = () => {
  throw new Error('the handler was entered')
}

const again = (more: Partial<AttemptInput> = {}) => ({ attempt: 2, deliveredBefore: 1, ...more })

/** A handler that ends when it is told to. */
function held() {
  let end: (value: unknown) => void = () => undefined
  let enter: () => void = () => undefined
  const entered = new Promise<void>((resolve) => (enter = resolve))
  const seen: { times: number; signal?: AbortSignal } = { times: 0 }
  const handler: Handler = (_, { signal }) => {
    seen.times += 1
    seen.signal = signal
    enter()
    return new Promise((resolve, reject) => {
      end = resolve
      signal.addEventListener('abort', () => reject(signal.reason as Error))
    })
  }
  return { handler, entered, seen, end: (value: unknown) => end(value) }
}

describe('of a run that has ended', () => {
  test.each([false, true])('its result is reported, and nothing is run (at-most-once: %j)', async (atMostOnce) => {
    const deps = await testDeps()
    expect(await agent(deps, () => ({ rowCount: 3 }))({ atMostOnce })).toBe('{"rowCount":3}')
    expect(await agent(deps, forbidden)(again({ atMostOnce }))).toBe('{"rowCount":3}')
  })

  test('its error is, whole', async () => {
    const deps = await testDeps()
    const failing: Handler = () => {
      throw Object.assign(new TypeError('no table'), { code: 'E_TABLE', details: { table: 'orders' } })
    }
    const failure = {
      type: 'command_failed',
      message: '"report" failed: TypeError: no table',
      details: [{ name: 'TypeError', message: 'no table', code: 'E_TABLE', details: { table: 'orders' } }],
    }
    await expect(agent(deps, failing)()).rejects.toMatchObject(failure)
    await expect(agent(deps, forbidden)(again())).rejects.toMatchObject(failure)
    // The workflow had that one, and asks for another.
    expect(await agent(deps, () => 'better')({ attempt: 3, run: 2 })).toBe('"better"')
  })

  test('a policy that refuses it now changes nothing about what ran', async () => {
    const deps = await testDeps()
    await agent(deps, () => 1)()
    const gate = new PolicyGate({ kind: 'policy', policy: { deny: ['*'] } })
    expect(await agent({ ...deps, gate }, forbidden)(again())).toBe('1')
    await expect(agent({ ...deps, gate }, forbidden)({ run: 2 })).rejects.toMatchObject({ type: 'refused' })
  })
})

describe('of a run whose process is gone', () => {
  /** The journal as an agent leaves it that was killed in the handler. */
  async function killed(options: CommandOptions = {}, attempt: Partial<AttemptInput> = {}): Promise<AttemptDeps> {
    const deps = await testDeps()
    const { handler, entered } = held()
    void agent(deps, handler, options)(attempt)
    await entered
    return deps
  }

  test('it is run again', async () => {
    expect(await agent(await killed(), (_, { attempt }) => attempt)(again())).toBe('2')
  })

  test.each<[CommandOptions, Partial<AttemptInput>]>([
    [{}, { atMostOnce: true }],
    [{ atMostOnce: true }, {}],
  ])('an at-most-once one is not: %j %j', async (options, attempt) => {
    const redelivered = agent(await killed(options, attempt), forbidden, options)(again(attempt))
    await expect(redelivered).rejects.toMatchObject({
      type: 'outcome_unknown',
      message: expect.stringMatching(
        /^"report" is at-most-once and was not run again: attempt 1 began at 20.*Z, and its agent ended or was cut off before the handler did$/,
      ) as string,
      details: [{ attempt: 1, startedAt: expect.stringMatching(/^20.*Z$/) as string }],
    })
  })

  test('an at-most-once one that the journal does not know is not run either', async () => {
    const redelivered = agent(await testDeps(), forbidden)(again({ atMostOnce: true }))
    await expect(redelivered).rejects.toMatchObject({
      type: 'outcome_unknown',
      message:
        '"report" is at-most-once and was not run again: an agent that keeps its journal elsewhere had it before, and nothing came back',
      details: [],
    })
  })
})

/** A journal in its own folder, and the path of its file. */
async function ownJournal(limits = DEFAULT_JOURNAL_LIMITS): Promise<{ file: string; journal: Journal }> {
  const file = join(await testFolder(), 'journal.db')
  const journal = await openJournal(file, () => undefined, limits)
  onTestFinished(() => journal.close())
  return { file, journal }
}

test('without a journal that can be used nothing is run, and that is said', async () => {
  const { file, journal } = await ownJournal()
  const other = new Database(file)
  other.exec('drop table runs')
  other.close()
  await expect(agent(await testDeps({ journal }), forbidden)()).rejects.toMatchObject({
    type: 'unavailable',
    message: `the agent's journal ${file} cannot be read: no such table: runs`,
  })
})

test('a result that the journal cannot take is reported all the same, and logged', async () => {
  const errors: string[] = []
  const log = () => ({ ...SILENT_LOG, error: (message: string) => void errors.push(message) })
  const { file, journal } = await ownJournal({ ...DEFAULT_JOURNAL_LIMITS, maxBytes: 64 * 1024 })
  const result = await agent(await testDeps({ log, journal }), () => 'x'.repeat(100_000))()
  expect(result).toHaveLength(100_002)
  expect(errors).toEqual([
    `the agent's journal ${file} cannot be written: database or disk is full; make room there, or give the agent another folder as ALIEN_STATE_DIR`,
  ])
})

test('what was refused before its handler was entered leaves nothing in the journal', async () => {
  const deps = await testDeps({ gate: new PolicyGate({ kind: 'policy', policy: { killSwitch: true } }) })
  await expect(agent(deps, forbidden)()).rejects.toMatchObject({ type: 'refused' })
  expect(await agent({ ...deps, gate: new PolicyGate() }, () => 1)({ attempt: 2, atMostOnce: true })).toBe('1')
})

describe('while the run goes on', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
  })
  afterEach(() => {
    vi.useRealTimers()
  })

  /** A handler in the middle, and its first attempt lost. */
  async function lost(attempt: Partial<AttemptInput> = {}) {
    const { handler, entered, seen, end } = held()
    const run = agent(await testDeps(), handler)
    const environment = new MockActivityEnvironment()
    const first = run(attempt, environment)
    await entered
    environment.cancel('NOT_FOUND', LOST)
    await expect(first).rejects.toMatchObject({
      type: 'agent_stopping',
      message: 'the attempt was lost on the way',
      details: [{ ended: false }],
    })
    return { run, seen, end }
  }

  test.each([false, true])('the next attempt has its result, and the handler its time', async (atMostOnce) => {
    const { run, seen, end } = await lost({ atMostOnce })
    vi.advanceTimersByTime(14_999)
    const second = run(again({ atMostOnce }))
    vi.advanceTimersByTime(600_000)
    expect(seen.signal?.aborted).toBe(false)
    end('whole')
    expect(await second).toBe('"whole"')
    expect(seen.times).toBe(1)
  })

  test.each([
    [0, 15_000],
    [1, 16_000],
    [6, 15_000 + 32_000],
    [9, 15_000 + 60_000],
  ])('lost as often before as %d, it waits for %d ms, and is told why it is not wanted', async (before, waitsMs) => {
    const { run, seen } = await lost({ deliveredBefore: before })
    vi.advanceTimersByTime(waitsMs - 1)
    expect(seen.signal?.aborted).toBe(false)
    vi.advanceTimersByTime(1)
    expect(seen.signal?.reason).toMatchObject({
      code: 'canceled',
      message: 'nobody waits for this run any more: another agent has it, or the invocation ended',
    })
    // A late attempt gives the workflow the word for another.
    await expect(run(again())).rejects.toMatchObject({ type: 'agent_stopping' })
  })

  test('an at-most-once one is left to its end, which is kept', async () => {
    const { run, seen, end } = await lost({ atMostOnce: true })
    vi.advanceTimersByTime(3_600_000)
    expect(seen.signal?.aborted).toBe(false)
    end('whole')
    await vi.waitFor(async () => expect(await run(again({ atMostOnce: true }))).toBe('"whole"'), { timeout: 30_000 })
    expect(seen.times).toBe(1)
  })

  test('the loss of one of two attempts changes nothing', async () => {
    const { handler, entered, seen, end } = held()
    const run = agent(await testDeps(), handler)
    const environment = new MockActivityEnvironment()
    const first = run({}, environment)
    await entered
    const second = run(again())
    environment.cancel('NOT_FOUND', LOST)
    await expect(first).rejects.toMatchObject({ type: 'agent_stopping' })
    vi.advanceTimersByTime(60_000)
    expect(seen.signal?.aborted).toBe(false)
    end(2)
    expect(await second).toBe('2')
  })
})

describe('when the agent stops', () => {
  test('a handler that does not end is given back soon', async () => {
    const environment = new MockActivityEnvironment()
    const handler: Handler = () => {
      environment.cancel('WORKER_SHUTDOWN', STOPPING)
      return new Promise(() => undefined)
    }
    const beganMs = performance.now()
    await expect(agent(await testDeps(), handler)({}, environment)).rejects.toMatchObject({
      type: 'agent_stopping',
      message: 'the agent stopped before the handler ended',
      details: [{ ended: false }],
    })
    expect(performance.now() - beganMs).toBeGreaterThanOrEqual(1_990)
  })

  test('what was not entered is given back as such', async () => {
    const environment = new MockActivityEnvironment()
    environment.cancel('WORKER_SHUTDOWN', STOPPING)
    const deps = await testDeps()
    await expect(agent(deps, forbidden)({}, environment)).rejects.toMatchObject({ type: 'task_not_delivered' })
    expect(await agent(deps, () => 1)({ attempt: 2, atMostOnce: true })).toBe('1')
  })
})
