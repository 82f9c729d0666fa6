/** What runs share, for tests: real parts, the journal in a folder that goes with the test. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { onTestFinished } from 'vitest'
import type { AttemptInput } from '../protocol/invocation.js'
import { MAX_PAYLOAD_BYTES } from '../protocol/limits.js'
import type { CommandLog } from '../sdk/context.js'
import type { RunDeps } from './handler-run.js'
import { openJournal } from './journal/journal.js'
import { PolicyGate } from './policy-gate.js'
import { Turns } from './turns.js'

const silent = (): undefined => undefined

/** The first delivery of an invocation of `report`. */
export const ATTEMPT: AttemptInput = {
  invocationId: 'inv_report_0123456789abcdef',
  deployment: { id: 'dep_1', name: 'acme-corp' },
  attempt: 1,
  run: 1,
  deliveredBefore: 0,
  atMostOnce: false,
  timeoutMs: null,
  exposeStack: false,
}

export const SILENT_LOG: CommandLog = { debug: silent, info: silent, warn: silent, error: silent }

/** A folder that is removed when the test has ended. */
export async function testFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-runs-'))
  onTestFinished(() => rm(folder, { recursive: true, force: true }))
  return folder
}

export async function testRunDeps(given: Partial<RunDeps> = {}): Promise<RunDeps> {
  const journal = given.journal ?? (await openJournal(join(await testFolder(), 'journal.db'), silent))
  if (!given.journal) onTestFinished(() => journal.close())
  const defaults = { log: () => SILENT_LOG, gate: new PolicyGate(), turns: new Turns() }
  return { ...defaults, maxResultBytes: MAX_PAYLOAD_BYTES, ...given, journal }
}
