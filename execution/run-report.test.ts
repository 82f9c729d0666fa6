import { setTimeout as delay } from 'node:timers/promises'
import { expect, onTestFinished, test, vi } from 'vitest'
import { rememberSecret, SecretScope } from '../bindings/vault/secret-scope.js'
import type { AttemptEvents } from './attempt-events.js'
import { RunReport } from './run-report.js'

const silent = (): undefined => undefined
const EVENTS: AttemptEvents = { started: silent, progress: silent, log: silent, end: silent, late: silent }

/** A report, and what its heartbeats carried. */
function reporting(events = EVENTS) {
  const heartbeats: unknown[] = []
  const report = new RunReport('migrate')
  const heartbeat = (details?: string) => void heartbeats.push(details && JSON.parse(details))
  const attached = report.attach({ heartbeat, events })
  onTestFinished(() => attached[Symbol.dispose]())
  return { report, heartbeats, attached }
}

test('heartbeats go on by themselves, and carry nothing while there is nothing', async () => {
  const { heartbeats } = reporting()
  await expect.poll(() => heartbeats.length).toBeGreaterThanOrEqual(2)
  expect(heartbeats.slice(0, 2)).toEqual([undefined, undefined])
})

test('a checkpoint is on its way when the promise resolves, and in every later heartbeat', async () => {
  const { report, heartbeats } = reporting()
  const state = { table: 'orders', at: [7] }
  await report.checkpoint(state)
  expect(heartbeats).toEqual([{ checkpoint: { table: 'orders', at: [7] } }])
  state.at.push(8)
  await report.progress({ done: 7, total: 9 })
  await expect.poll(() => heartbeats.length).toBeGreaterThanOrEqual(2)
  expect(heartbeats[1]).toEqual({ progress: { done: 7, total: 9 }, checkpoint: { table: 'orders', at: [7] } })
  expect(report.lastCheckpoint).toEqual({ table: 'orders', at: [7] })
})

test('what is reported from elsewhere is without the secrets of its attempt', async () => {
  const { report, heartbeats } = SecretScope.run(() => {
    rememberSecret('hunter2')
    return reporting()
  })
  await report.progress({ done: 1, message: 'with hunter2' })
  await report.checkpoint({ password: 'hunter2' })
  expect(heartbeats.at(-1)).toEqual({
    progress: { done: 1, message: 'with [redacted]' },
    checkpoint: { password: '[redacted]' },
  })
})

test('what is bad and not awaited is no unhandled rejection', async () => {
  const unhandled = vi.fn()
  process.on('unhandledRejection', unhandled)
  onTestFinished(() => void process.off('unhandledRejection', unhandled))
  const { report } = reporting()
  void report.progress({ done: 5, total: 1 })
  void report.checkpoint(undefined)
  await new Promise((resolve) => setTimeout(resolve, 10))
  expect(unhandled).not.toHaveBeenCalled()
})

test('null is a checkpoint', async () => {
  const { report, heartbeats } = reporting()
  expect(report.lastCheckpoint).toBeUndefined()
  await report.checkpoint(null)
  expect(report.lastCheckpoint).toBeNull()
  expect(heartbeats).toEqual([{ checkpoint: null }])
})

test('of checkpoints that follow closely the latest is sent, within a moment', async () => {
  const { report, heartbeats } = reporting()
  for (let at = 1; at <= 10_000; at += 1) await report.checkpoint(at)
  // Before the next heartbeat that comes anyhow; timers end in their order, however busy the machine.
  await delay(400)
  expect(heartbeats.at(-1)).toEqual({ checkpoint: 10_000 })
  expect(heartbeats.length).toBeLessThan(50)
})

test('a bad checkpoint leaves the one before', async () => {
  const { report } = reporting()
  await report.checkpoint('good')
  await expect(report.checkpoint(undefined)).rejects.toMatchObject({ code: 'invalid_request' })
  await expect(report.checkpoint('x'.repeat(70_000))).rejects.toMatchObject({ code: 'payload_too_large' })
  expect(report.lastCheckpoint).toBe('good')
})

test('100,000 reports in a row are told on, cost next to no memory, and let others run', async () => {
  let told = 0
  const { report } = reporting({ ...EVENTS, progress: () => (told += 1) })
  let turns = 0
  const turning = setInterval(() => (turns += 1), 1)
  onTestFinished(() => clearInterval(turning))
  const startMs = performance.now()
  for (let done = 1; done <= 100_000; done += 1) await report.progress({ done, total: 100_000 })
  const tookMs = performance.now() - startMs
  expect(told).toBe(100_000)
  expect(turns).toBeGreaterThanOrEqual(Math.min(1, Math.floor(tookMs / 40)))
  expect(tookMs).toBeLessThan(20_000)
})

test('nothing is sent once its attempt is over', async () => {
  const { report, heartbeats, attached } = reporting()
  await report.checkpoint(1)
  await report.checkpoint(2)
  attached[Symbol.dispose]()
  const sent = heartbeats.length
  await delay(700)
  expect(heartbeats).toHaveLength(sent)
})

test('what is reported between two attempts goes with the next one', async () => {
  const { report, heartbeats, attached } = reporting()
  attached[Symbol.dispose]()
  await report.checkpoint('kept')
  expect(heartbeats).toEqual([])
  const later: unknown[] = []
  const heartbeat = (details?: string) => void later.push(details && JSON.parse(details))
  const next = report.attach({ heartbeat, events: EVENTS })
  onTestFinished(() => next[Symbol.dispose]())
  await expect.poll(() => later[0]).toEqual({ checkpoint: 'kept' })
})

test('lines go the way of the newest attempt, which is told that the handler was entered', () => {
  const said: string[] = []
  const events = (name: string): AttemptEvents => ({
    started: () => void said.push(`${name} started`),
    progress: silent,
    log: (_level, message) => void said.push(`${name} ${message}`),
    end: () => void said.push(`${name} ended`),
    late: (message) => void said.push(`${name} late ${message}`),
  })
  const report = new RunReport('migrate')
  const first = report.attach({ heartbeat: silent, events: events('first') })
  report.entered()
  report.log('info', 'one')
  first[Symbol.dispose]()
  report.log('info', 'two')
  const second = report.attach({ heartbeat: silent, events: events('second') })
  report.log('info', 'three')
  second[Symbol.dispose]()
  report.end()
  report.late('four')
  expect(said).toEqual([
    'first started',
    'first one',
    'first two',
    'first ended',
    'second started',
    'second three',
    'second ended',
    'second late four',
  ])
})
