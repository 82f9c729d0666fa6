/** Runs TypeScript in a process of its own, for tests of what happens between processes or when one is killed. */
import { spawn, type ChildProcessByStdio } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import type { Readable, Writable } from 'node:stream'
import { build } from 'esbuild'

const root = fileURLToPath(new URL('../..', import.meta.url))

export interface Script {
  /** Starts a process; its stderr is the test's own. */
  readonly start: (...args: string[]) => ChildProcessByStdio<Writable, Readable, null>
  readonly remove: () => Promise<void>
}

/** Bundles `source`, whose imports are relative to the repository's root. Packages stay outside the bundle. */
export async function buildScript(source: string): Promise<Script> {
  // Inside node_modules, so that the packages are found from there.
  const file = `${root}node_modules/.cache/script-${randomUUID()}.mjs`
  await build({
    stdin: { contents: source, resolveDir: root, loader: 'ts' },
    outfile: file,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    logLevel: 'warning',
  })
  return {
    start: (...args) => spawn(process.execPath, [file, ...args], { stdio: ['pipe', 'pipe', 'inherit'] }),
    remove: () => rm(file),
  }
}
