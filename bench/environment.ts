/** What a figure means nothing without: which code, on what, when. */
import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { cpus, loadavg } from 'node:os'
import { promisify } from 'node:util'
import { inRepository } from './programs.js'

export interface Environment {
  /** With `-dirty` when the files differ from it. */
  readonly commit: string
  /** ISO 8601. */
  readonly date: string
  readonly machine: {
    readonly cpu: string
    readonly cores: number
    /** Of the minute before the run; anything near `cores` spoils absolute figures. */
    readonly loadAverage: number
  }
  readonly versions: {
    readonly node: string
    readonly product: string
    readonly temporalSdk: string
    readonly temporalServer: string
  }
}

const run = promisify(execFile)

export async function describeEnvironment(temporalPath: string): Promise<Environment> {
  const [loadAverage = 0] = loadavg()
  return {
    commit: await commit(),
    date: new Date().toISOString(),
    machine: { cpu: cpus()[0]?.model ?? 'unknown', cores: cpus().length, loadAverage },
    versions: {
      node: process.versions.node,
      product: await packageVersion(inRepository('package.json')),
      temporalSdk: await packageVersion(createRequire(import.meta.url).resolve('@temporalio/client/package.json')),
      temporalServer: (await run(temporalPath, ['--version'])).stdout.trim(),
    },
  }
}

async function commit(): Promise<string> {
  try {
    const { stdout } = await run('git', ['describe', '--always', '--dirty', '--exclude=*'], { cwd: inRepository() })
    return stdout.trim()
  } catch {
    return 'unknown'
  }
}

const packageVersion = async (path: string): Promise<string> =>
  (JSON.parse(await readFile(path, 'utf8')) as { version: string }).version
