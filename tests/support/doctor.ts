/** `alien doctor`, and what it finds. */
import { expect } from 'vitest'
import type { Finding } from '../../doctor/examination.js'
import { alien } from './cli.js'

export interface Report {
  readonly ok: boolean
  readonly findings: Finding[]
}

/** How a set-up that is broken is looked at. */
export interface Broken {
  readonly args: readonly string[]
  readonly env?: Record<string, string>
}

export async function doctor(
  args: readonly string[],
  options: { readonly cwd: string; readonly env: Record<string, string> },
): Promise<Report> {
  const { stdout, stderr, exitCode } = await alien(['doctor', ...args, '--json'], options)
  if (stdout === '') throw new Error(stderr)
  const report = JSON.parse(stdout) as Report
  expect(exitCode).toBe(report.ok ? 0 : 1)
  return report
}

/** One check failed, and says so: message and remedy, with an arrow between. */
export function expectCulprit(report: Report, check: string, says: RegExp): void {
  const failures = report.findings.filter(({ level }) => level === 'failure')
  expect(failures.map((finding) => finding.check)).toEqual([check])
  const [{ message, remedy } = { message: '', remedy: '' }] = failures
  expect(`${message} → ${String(remedy)}`).toMatch(says)
  expect(JSON.stringify(report)).not.toContain('secret')
}
