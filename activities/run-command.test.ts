import { ActivityCancellationDetails, type RawValue } from '@temporalio/common'
import { CancelledFailure, defaultPayloadConverter } from '@temporalio/client'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import console from 'node:console'
import { setTimeout as delay } from 'node:timers/promises'
import { describe, expect, onTestFinished, test, vi } from 'vitest'
import { z } from 'zod'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import type { CommandOptions, Handler } from '../sdk/command.js'
import type { CommandContext, CommandLog } from '../sdk/context.js'
import { CommandRegistry } from '../sdk/registry.js'
import type { OpenEvents } from './run-command.js'
import type { LogFactory } from '../execution/handler-run.js'
import { commandActivities, type CommandActivity } from './run-command.js'
import { ATTEMPT as FIRST, SILENT_LOG } from '../execution/test-run.testsuite.js'
import { SILENT_EVENTS, testDeps } from './test-deps.testsuite.js'

const ATTEMPT: AttemptInput = { ...FIRST, attempt: 2 }

interface Run {
  readonly options?: CommandOptions
  readonly params?: JsonValue
  readonly attempt?: Partial<AttemptInput>
  readonly log?: LogFactory
  readonly openEvents?: OpenEvents
  readonly environment?: MockActivityEnvironment
}

/** The JSON text that leaves the agent when `handler` runs as the command `report`. */
async function textOf(handler: Handler, run: Run = {}): Promise<string> {
  const {
    options = {},
    params = {},
    attempt = {},
    log = () => SILENT_LOG,
    environment = new MockActivityEnvironment(),
    openEvents = SILENT_EVENTS,
  } = run
  const deps = await testDeps({ log, openEvents })
  const { report } = commandActivities(new CommandRegistry([{ name: 'report', options, handler }]), deps)
  const activity = report as CommandActivity
  const { payload }: RawValue = await environment.run(activity, params, { ...ATTEMPT, ...attempt })
  expect(defaultPayloadConverter.fromPayload(payload)).toEqual(JSON.parse(String(payload.data)))
  return Buffer.from(payload.data ?? []).toString()
}

/** Rejects with the signal's reason; `entered` is called once somebody listens. */
const untilAborted = (signal: AbortSignal, entered: () => void = () => undefined): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error))
    entered()
  })

describe('a handler', () => {
  test('gets the params, and a context that it cannot change', async () => {
    const seen: unknown[] = []
    const fields: unknown[] = []
    await textOf(
      (params, context) => {
        seen.push(params, context)
      },
      {
        params: { startDate: '2024-01-01' },
        log: (line) => {
          fields.push(line)
          return SILENT_LOG
        },
      },
    )
    const [params, context] = seen as [unknown, CommandContext]
    expect(params).toEqual({ startDate: '2024-01-01' })
    expect(context).toEqual({
      invocationId: 'inv_report_0123456789abcdef',
      attempt: 2,
      deadline: undefined,
      signal: expect.any(AbortSignal) as unknown,
      deployment: { id: 'dep_1', name: 'acme-corp' },
      log: Object.fromEntries(Object.keys(SILENT_LOG).map((level) => [level, expect.any(Function) as unknown])),
      lastCheckpoint: undefined,
      progress: expect.any(Function) as unknown,
      checkpoint: expect.any(Function) as unknown,
    })
    expect(Object.isFrozen(context)).toBe(true)
    expect(fields).toEqual([{ invocationId: 'inv_report_0123456789abcdef', attempt: 2, command: 'report' }])
  })

  test.each<[unknown, string]>([
    [{ rowCount: 3 }, '{"rowCount":3}'],
    [undefined, 'null'],
    [null, 'null'],
    [0, '0'],
    [false, 'false'],
    ['', '""'],
  ])('that returns %j sends %s', async (value, text) => {
    expect(await textOf(() => value)).toBe(text)
    expect(await textOf(() => Promise.resolve(value))).toBe(text)
  })

  test('gets the output of the params schema, and sends that of the result schema', async () => {
    const options = { params: z.object({ n: z.number().default(2) }), result: z.number().transform((n) => n * 10) }
    expect(await textOf(({ n }: { n: number }) => n + 1, { options })).toBe('30')
  })

  test('is told its deadline', async () => {
    const before = Date.now()
    let deadline = 0
    await textOf((_, context) => void (deadline = Number(context.deadline)), { attempt: { timeoutMs: 60_000 } })
    expect(deadline).toBeGreaterThanOrEqual(before + 60_000)
    expect(deadline).toBeLessThanOrEqual(Date.now() + 60_000)
  })
})

describe('what goes wrong is one code of the table, and final for Temporal', () => {
  const notEntered: Handler = () => {
    throw new Error('the handler was entered')
  }

  const cases: readonly [code: string, message: string, details: unknown, handler: Handler, run?: Run][] = [
    [
      'invalid_params',
      'the params of "report" break its schema: n: Invalid input: expected number, received string',
      { issues: [{ path: 'n', message: 'Invalid input: expected number, received string' }] },
      notEntered,
      { params: { n: 'x' }, options: { params: z.object({ n: z.number() }) } },
    ],
    [
      'invalid_result',
      'the result of "report" breaks its schema: Invalid input: expected number, received string',
      { issues: [{ path: '', message: 'Invalid input: expected number, received string' }] },
      () => 'many',
      { options: { result: z.number() } },
    ],
    [
      'invalid_result',
      'the result of "report" is not JSON: Do not know how to serialize a BigInt',
      undefined,
      () => 3n,
    ],
    [
      'command_failed',
      '"report" failed: RangeError: thrown at once',
      { name: 'RangeError', message: 'thrown at once' },
      () => {
        throw new RangeError('thrown at once')
      },
    ],
    [
      'command_failed',
      '"report" failed: disk full',
      { name: 'Error', message: 'disk full', code: 'E_DISK', details: { freeBytes: 0 } },
      () => Promise.reject(Object.assign(new Error('disk full'), { code: 'E_DISK', details: { freeBytes: 0 } })),
    ],
    [
      'timed_out',
      '"report" did not finish within 20ms',
      undefined,
      () => new Promise(() => undefined),
      { attempt: { timeoutMs: 20 } },
    ],
  ]

  test.each(cases)('%s: %s', async (type, message, details, handler, run) => {
    await expect(textOf(handler, run)).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type,
      message,
      nonRetryable: true,
      details: details === undefined ? [] : [details],
    })
  })

  test('the stack goes along when the policy allows it', async () => {
    const failing: Handler = () => {
      throw new Error('no')
    }
    const stack: unknown = expect.stringContaining('run-command.test.ts')
    const withStack = textOf(failing, { attempt: { exposeStack: true } })
    await expect(withStack).rejects.toMatchObject({ details: [{ name: 'Error', message: 'no', stack }] })
    await expect(textOf(failing)).rejects.toMatchObject({ details: [{ name: 'Error', message: 'no' }] })
    await expect(textOf(failing)).rejects.not.toMatchObject({ details: [{ stack }] })
  })

  test('a handler that is out of its time is told so', async () => {
    let reason: unknown
    const result = textOf(
      async (_, { signal }) => {
        await untilAborted(signal).catch((error: unknown) => (reason = error))
      },
      { attempt: { timeoutMs: 20 } },
    )
    await expect(result).rejects.toMatchObject({ type: 'timed_out' })
    expect(reason).toMatchObject({ code: 'timed_out', message: '"report" did not finish within 20ms' })
  })
})

describe('when Temporal ends the attempt', () => {
  test('a cancel reaches the handler, and is confirmed', async () => {
    const environment = new MockActivityEnvironment()
    const result = textOf((_, { signal }) => untilAborted(signal, environment.cancel), { environment })
    await expect(result).rejects.toBeInstanceOf(CancelledFailure)
    await expect(result).rejects.toMatchObject({ details: [{ stopped: true, entered: true }] })
  })

  test('one that came before the handler was entered keeps it out', async () => {
    const environment = new MockActivityEnvironment()
    environment.cancel()
    const entered = vi.fn()
    const result = textOf(entered, { environment })
    await expect(result).rejects.toBeInstanceOf(CancelledFailure)
    await expect(result).rejects.toMatchObject({ details: [{ entered: false }] })
    expect(entered).not.toHaveBeenCalled()
  })

  test('a handler that ends all the same has its result', async () => {
    const environment = new MockActivityEnvironment()
    const handler: Handler = (_, { signal }) => untilAborted(signal, environment.cancel).catch(() => 'half of it')
    const result = textOf(handler, { environment })
    await expect(result).resolves.toBe('"half of it"')
  })

  test('one that ignores it and runs out of its time meanwhile is not said to have stopped', async () => {
    const environment = new MockActivityEnvironment()
    const handler: Handler = async () => {
      environment.cancel()
      await delay(150)
      return 'all of it'
    }
    await expect(textOf(handler, { environment, attempt: { timeoutMs: 50 } })).resolves.toBe('"all of it"')
  })

  test('an agent that stops gives the attempt back', async () => {
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
    const shutDown = () =>
      environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
    const result = textOf((_, { signal }) => untilAborted(signal, shutDown), { environment })
    await expect(result).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type: 'agent_stopping',
      message: 'the agent stopped, and the handler with it',
      nonRetryable: true,
      details: [{ ended: true }],
    })
  })
})

describe('a checkpoint', () => {
  const at = { table: 'orders', row: 7 }

  test('of an earlier attempt is handed to the handler', async () => {
    expect(await textOf((_, { lastCheckpoint }) => lastCheckpoint, { attempt: { checkpoint: at } })).toBe(
      '{"table":"orders","row":7}',
    )
  })

  test('goes with the failure, behind what belongs to the error', async () => {
    const failing: Handler = async (_, { checkpoint }) => {
      await checkpoint(at)
      throw new Error('no')
    }
    await expect(textOf(failing)).rejects.toMatchObject({
      details: [{ name: 'Error', message: 'no' }, { checkpoint: at }],
    })
  })

  test('goes with an attempt that is given back, or whose time is over', async () => {
    const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
    const shutDown = () =>
      environment.cancel('WORKER_SHUTDOWN', new ActivityCancellationDetails({ workerShutdown: true }))
    const handler: Handler = async (_, { signal, checkpoint }) => {
      await checkpoint(at)
      return untilAborted(signal, shutDown)
    }
    await expect(textOf(handler, { environment })).rejects.toMatchObject({
      type: 'agent_stopping',
      details: [{ ended: true }, { checkpoint: at }],
    })
    const hanging: Handler = async (_, { checkpoint }) => {
      await checkpoint(at)
      return new Promise(() => undefined)
    }
    await expect(textOf(hanging, { attempt: { timeoutMs: 20 } })).rejects.toMatchObject({
      type: 'timed_out',
      details: [undefined, { checkpoint: at }],
    })
  })
})

describe('what a handler says', () => {
  /** An attempt's events, in their order. */
  function listening() {
    const said: unknown[] = []
    const openEvents: OpenEvents = ({ attempt }) => ({
      started: () => void said.push(['started', attempt]),
      progress: (report) => void said.push(['progress', report]),
      log: (...line) => void said.push(['log', ...line]),
      end: () => void said.push(['end']),
      late: (message) => void said.push(['late', message]),
    })
    return { said, openEvents }
  }

  test('is told on, and logged', async () => {
    const { said, openEvents } = listening()
    const logged: unknown[] = []
    const handler: Handler = async (_, { log, progress }) => {
      log.info('beginning', { rows: 3 })
      await progress({ done: 1, total: 3 })
      log.error('no good')
    }
    const log: CommandLog = { ...SILENT_LOG, info: (...line) => void logged.push(line) }
    await textOf(handler, { openEvents, log: () => log })
    expect(said).toEqual([
      ['started', 2],
      ['log', 'info', 'beginning', { rows: 3 }],
      ['progress', { done: 1, total: 3 }],
      ['log', 'error', 'no good', undefined],
      ['end'],
    ])
    expect(logged).toEqual([['beginning', { rows: 3 }]])
  })

  test('on the console is told on when the command says so, and not otherwise', async () => {
    const shown = vi.spyOn(console, 'warn').mockImplementation(() => undefined)
    onTestFinished(() => shown.mockRestore())
    const handler: Handler = () => console.warn('%d left', 5)
    const { said, openEvents } = listening()
    await textOf(handler, { openEvents })
    expect(said).toEqual([['started', 2], ['end']])
    await textOf(handler, { openEvents, options: { captureConsole: true } })
    expect(said.slice(2)).toEqual([['started', 2], ['log', 'warn', '5 left', undefined], ['end']])
    expect(shown).toHaveBeenCalledTimes(2)
  })

  test('ends with a handler that was refused or failed', async () => {
    const { said, openEvents } = listening()
    const failing: Handler = () => {
      throw new Error('no')
    }
    await textOf(failing, { openEvents }).catch(() => undefined)
    expect(said).toEqual([['started', 2], ['end']])
  })
})

describe('heartbeats', () => {
  test('go out every half second while the handler runs, and no longer', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    const environment = new MockActivityEnvironment()
    let beats = 0
    environment.on('heartbeat', () => (beats += 1))
    const result = textOf(
      () => {
        vi.advanceTimersByTime(1_750)
      },
      { environment },
    )
    await result
    expect(beats).toBe(3)
    expect(vi.getTimerCount()).toBe(0)
  })

  test('end with a handler that throws', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] })
    onTestFinished(() => void vi.useRealTimers())
    await expect(textOf(() => Promise.reject(new Error('no')))).rejects.toThrow('"report" failed: no')
    expect(vi.getTimerCount()).toBe(0)
  })
})

describe('a command that the agent does not have', () => {
  const registry = new CommandRegistry(
    ['generate-report', 'run-migration'].map((name) => ({ name, options: {}, handler: () => null })),
  )

  test.each([
    ['generate-reprot', '; the nearest name is "generate-report"', ['generate-report']],
    ['sync', '', []],
  ])('%s is told, with the nearest there are', async (activityType, hint, nearest) => {
    const { default: fallback } = commandActivities(registry, await testDeps())
    const run = new MockActivityEnvironment({ activityType }).run(fallback as CommandActivity, {}, ATTEMPT)
    await expect(run).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type: 'command_not_found',
      message: `this agent has no command "${activityType}"${hint}`,
      nonRetryable: true,
      details: [{ nearest }],
    })
  })

  test('each of its own has an activity', async () => {
    expect(Object.keys(commandActivities(registry, await testDeps()))).toEqual([
      'default',
      'generate-report',
      'run-migration',
    ])
  })
})
