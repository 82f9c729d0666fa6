/** The gate as attempts meet it: through the activity of a command. */
import type { RawValue } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { describe, expect, test } from 'vitest'
import type { CustomerPolicy } from '../protocol/customer-policy.js'
import type { AttemptInput } from '../protocol/invocation.js'
import type { JsonValue } from '../protocol/json.js'
import type { PolicyState } from '../protocol/policy-decision.js'
import type { CommandOptions, Handler } from '../sdk/command.js'
import type { CommandLog } from '../sdk/context.js'
import { CommandRegistry } from '../sdk/registry.js'
import { PolicyGate, type Admission, type AttemptToAdmit } from '../execution/policy-gate.js'
import { commandActivities, type CommandActivity } from './run-command.js'
import { ATTEMPT as REPORT } from '../execution/test-run.testsuite.js'
import { testDeps } from './test-deps.testsuite.js'

const ATTEMPT: AttemptInput = { ...REPORT, invocationId: 'inv_drop-tables_0123456789abcdef' }

const silent = (): undefined => undefined

/** An agent with the command `drop-tables`, and what it logged. */
function agent(gate: PolicyGate, handler: Handler, options: CommandOptions = {}) {
  const logged: unknown[] = []
  const logs = (fields: Record<string, unknown>): CommandLog => {
    const warn = (message: string, more = {}) => void logged.push([message, { ...fields, ...more }])
    return { debug: silent, info: silent, warn, error: silent }
  }
  const registry = new CommandRegistry([{ name: 'drop-tables', options, handler }])
  const run = async (params: JsonValue = {}, attempt: Partial<AttemptInput> = {}): Promise<string> => {
    const activities = commandActivities(registry, await testDeps({ log: logs, gate }))
    const activity = activities['drop-tables'] as CommandActivity
    const result: RawValue = await new MockActivityEnvironment().run(activity, params, { ...ATTEMPT, ...attempt })
    return Buffer.from(result.payload.data ?? []).toString()
  }
  return { run, logged }
}

const withPolicy = (policy: CustomerPolicy): PolicyGate => new PolicyGate({ kind: 'policy', policy })

/** Settles when its handler was entered; the handler ends when it is told to, or when its signal aborts. */
function pausable() {
  let entered: () => void = silent
  const whenEntered = new Promise<void>((resolve) => (entered = resolve))
  const reasons: unknown[] = []
  const handler: Handler = (_params, { signal }) => {
    entered()
    return new Promise((_, reject) => {
      signal.addEventListener('abort', () => {
        reasons.push(signal.reason)
        reject(signal.reason as Error)
      })
    })
  }
  return { handler, whenEntered, reasons }
}

describe('a refused attempt', () => {
  const cases: readonly [PolicyState, string, unknown][] = [
    [
      { kind: 'policy', policy: { deny: ['drop-*'], reason: 'ask the DBAs' } },
      'it matches deny pattern "drop-*"; reason: ask the DBAs',
      { rule: 'deny', pattern: 'drop-*' },
    ],
    [{ kind: 'policy', policy: { allow: ['report'] } }, 'it matches no allow pattern', { rule: 'allow' }],
    [
      { kind: 'policy', policy: { readOnly: true } },
      'it is not declared read-only, and only commands that are may run',
      { rule: 'readOnly' },
    ],
    [
      { kind: 'policy', policy: { killSwitch: true } },
      'its kill switch is on, and nothing may run',
      { rule: 'killSwitch' },
    ],
    [
      { kind: 'policy', policy: { maxParamsBytes: 13 } },
      'its params are 14 bytes of JSON, the limit is 13',
      { rule: 'maxParamsBytes' },
    ],
    [
      { kind: 'unreadable' },
      'its file cannot be read, and nothing may run until it is repaired',
      { rule: 'unreadable' },
    ],
  ]

  test.each(cases)('by %j has run nothing, and is logged without its params', async (state, because, details) => {
    const ran: string[] = []
    const options: CommandOptions = {
      params: {
        '~standard': { version: 1, vendor: 'test', validate: (value) => (ran.push('schema'), { value }) },
      },
    }
    const { run, logged } = agent(new PolicyGate(state), () => ran.push('handler'), options)
    await expect(run({ table: 'ü' })).rejects.toMatchObject({
      name: 'ApplicationFailure',
      type: 'refused',
      message: `the customer's policy refused "drop-tables" on "acme-corp": ${because}`,
      nonRetryable: true,
      details: [details],
    })
    expect(ran).toEqual([])
    const { invocationId } = ATTEMPT
    expect(logged).toEqual([
      [
        "refused by the customer's policy",
        { invocationId, attempt: 1, command: 'drop-tables', ...(details as object) },
      ],
    ])
  })

  test('is also one whose policy changed while its params were checked', async () => {
    const gate = new PolicyGate()
    const ran: string[] = []
    const validate = (value: unknown) => {
      gate.change({ kind: 'policy', policy: { killSwitch: true } })
      return Promise.resolve({ value })
    }
    const options: CommandOptions = { params: { '~standard': { version: 1, vendor: 'test', validate } } }
    await expect(agent(gate, () => ran.push('handler'), options).run()).rejects.toMatchObject({ type: 'refused' })
    expect(ran).toEqual([])
  })
})

describe('an admitted attempt', () => {
  test('runs, and nothing is logged', async () => {
    const policy = { allow: ['drop-*'], deny: ['drop'], readOnly: true, maxParamsBytes: 14, maxResultBytes: 1 }
    const { run, logged } = agent(withPolicy(policy), () => 1, { readOnly: true })
    expect(await run({ table: 'ü' })).toBe('1')
    expect(logged).toEqual([])
  })

  test.each<[string, Handler]>([
    ['succeeds', () => 1],
    ['fails', () => Promise.reject(new Error('no'))],
  ])('that %s is forgotten when it ends', async (_how, handler) => {
    let held = 0
    class CountingGate extends PolicyGate {
      override admit(attempt: AttemptToAdmit): Admission {
        const admission = super.admit(attempt)
        held += 1
        return { ...admission, [Symbol.dispose]: () => void (held -= 1) }
      }
    }
    await agent(new CountingGate(), handler).run().catch(silent)
    expect(held).toBe(0)
  })

  test('has the time that the policy gives', async () => {
    const { handler, reasons } = pausable()
    const message =
      '"drop-tables" did not finish within 20ms, the longest that the customer\'s policy lets a command run'
    await expect(agent(withPolicy({ maxRunTime: 20 }), handler).run()).rejects.toMatchObject({
      type: 'timed_out',
      message,
    })
    expect(reasons).toEqual([expect.objectContaining({ code: 'timed_out', message })])
  })

  test('may not give more than the policy lets out', async () => {
    const { run } = agent(withPolicy({ maxResultBytes: 4 }), (params: unknown) => params)
    expect(await run(null)).toBe('null')
    await expect(run('rows')).rejects.toMatchObject({
      type: 'payload_too_large',
      message:
        'the result of "drop-tables" is 6 bytes of JSON, the limit of the customer\'s policy is 4; return less, or store it and return where it is',
      details: [{ side: 'result', bytes: 6, maxBytes: 4 }],
    })
  })

  test('may not throw more either', async () => {
    const handler = () => Promise.reject(Object.assign(new Error('no'), { details: 'x'.repeat(5_000) }))
    await expect(agent(withPolicy({ maxResultBytes: 4 }), handler).run()).rejects.toMatchObject({
      details: [{ details: expect.stringMatching(/^left out: /) as string }],
    })
  })
})

describe('the kill switch', () => {
  const KILLED: PolicyState = { kind: 'policy', policy: { killSwitch: true, reason: 'incident 7' } }
  const message =
    'the customer\'s policy stopped "drop-tables" on "acme-corp" while it ran: its kill switch was thrown; reason: incident 7'

  test('stops what runs, by its signal', async () => {
    const gate = new PolicyGate()
    const { handler, whenEntered, reasons } = pausable()
    const running = agent(gate, handler).run()
    await whenEntered
    gate.change(KILLED)
    await expect(running).rejects.toMatchObject({
      type: 'command_failed',
      message,
      nonRetryable: true,
      details: [
        { name: 'CustomerPolicy', message, code: 'stopped_by_customer_policy', details: { rule: 'killSwitch' } },
      ],
    })
    expect(reasons).toEqual([expect.objectContaining({ code: 'command_failed', message })])
  })

  test('ends the attempt of a handler that does not listen', async () => {
    const gate = new PolicyGate()
    let entered: () => void = silent
    const whenEntered = new Promise<void>((resolve) => (entered = resolve))
    const running = agent(gate, () => {
      entered()
      return new Promise(() => undefined)
    }).run()
    await whenEntered
    gate.change(KILLED)
    await expect(running).rejects.toMatchObject({ message })
  })

  test.each<PolicyState>([
    { kind: 'unreadable' },
    { kind: 'policy', policy: { deny: ['*'], maxRunTime: 1 } },
    { kind: 'policy', policy: { killSwitch: false } },
  ])('is the only rule that does: %j lets what runs go on', async (state) => {
    const gate = new PolicyGate()
    let finish: (value: string) => void = silent
    const finished = new Promise<string>((resolve) => (finish = resolve))
    let entered: () => void = silent
    const whenEntered = new Promise<void>((resolve) => (entered = resolve))
    const running = agent(gate, (_params, { signal }) => {
      entered()
      return finished.then((value) => `${value}, aborted: ${String(signal.aborted)}`)
    }).run()
    await whenEntered
    gate.change(state)
    finish('done')
    expect(await running).toBe('"done, aborted: false"')
  })

  test('lifted, it lets commands run again', async () => {
    const gate = new PolicyGate(KILLED)
    const { run } = agent(gate, () => 1)
    await expect(run()).rejects.toMatchObject({ type: 'refused' })
    gate.change({ kind: 'policy', policy: {} })
    expect(await run()).toBe('1')
  })

  test('leaves alone what has ended', () => {
    const gate = new PolicyGate()
    const admission = gate.admit({ command: 'a', readOnly: false, params: null, deployment: 'acme-corp' })
    admission[Symbol.dispose]()
    gate.change(KILLED)
    expect(admission.stopped.aborted).toBe(false)
  })
})
