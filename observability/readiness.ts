/** Whether what a process needs does answer, and why not: what `/readyz` says, of control planes, workers and agents. */
import { answerWithin, NoAnswerError } from './answer-within.js'

/** Asks one part that is needed. */
export interface Probe {
  /** @throws when it does not answer as it should. @param deadlineMs when nobody waits any more, since 1970 */
  readonly ask: (deadlineMs: number) => unknown
  /** For anybody to read: no address, no name of a user, no SQL. The log has the error. */
  readonly reasonOf: (error: unknown) => string
}

/** By what they ask. */
export type Probes = Readonly<Record<string, Probe>>

interface Check {
  readonly ok: boolean
  readonly latencyMs: number
  readonly reason?: string
}

export interface Readiness {
  readonly status: 'ready' | 'not_ready'
  readonly checks: Readonly<Record<string, Check>>
}

interface Log {
  warn(fields: object, message: string): void
}

/** All are asked at once, so it takes no longer than the slowest may. */
export async function readinessOf(probes: Probes, log: Log): Promise<Readiness> {
  const asked = Object.entries(probes).map(async ([name, probe]) => [name, await check(name, probe, log)] as const)
  const checks = Object.fromEntries(await Promise.all(asked))
  return { status: Object.values(checks).every(({ ok }) => ok) ? 'ready' : 'not_ready', checks }
}

export const httpStatusOf = ({ status }: Readiness): number => (status === 'ready' ? 200 : 503)

async function check(name: string, { ask, reasonOf }: Probe, log: Log): Promise<Check> {
  const start = performance.now()
  const latencyMs = () => Math.round((performance.now() - start) * 10) / 10
  try {
    await answerWithin(ask)
    return { ok: true, latencyMs: latencyMs() }
  } catch (error) {
    log.warn({ err: error, check: name }, 'not ready')
    return {
      ok: false,
      latencyMs: latencyMs(),
      reason: error instanceof NoAnswerError ? error.message : reasonOf(error),
    }
  }
}

/** What this process knows of itself. @param trouble says what is wrong; `undefined` when nothing is */
export const ownProbe = (trouble: () => string | undefined): Probe => ({
  ask: () => {
    const wrong = trouble()
    if (wrong !== undefined) throw new Error(wrong)
  },
  reasonOf: (error) => (error as Error).message,
})

/** Of a vendor worker, by the state that Temporal's SDK says it is in. */
export const workerProbe = (state: () => string): Probe =>
  ownProbe(() => (state() === 'RUNNING' ? undefined : `the vendor worker is ${state()}`))
