/** `alien dev` as its users run it, and what it left on the machine. */
import { execa } from 'execa'
import { mkdir, mkdtemp, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { DevState } from '../../protocol/dev-state.js'
import { CLI, cliEnv } from './cli.js'

const START_MS = 30_000

/** A new folder with these files, by its real path: that is what processes show as theirs. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'alien-dev-')))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** The process is stopped, and waited for, when the object is disposed of. */
export class DevProcess implements AsyncDisposable {
  readonly #child
  #stderr = ''
  /** How much of it was waited for already. */
  #seen = 0

  constructor(folder: string, args: readonly string[] = []) {
    this.#child = execa(process.execPath, [CLI, 'dev', '--port', '0', ...args], {
      cwd: folder,
      env: cliEnv(),
      extendEnv: false,
      reject: false,
      stdin: 'ignore',
    })
    this.#child.stderr.on('data', (chunk: Buffer) => (this.#stderr += chunk.toString()))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Waits for text on stderr, after what was waited for before. @throws with all of it when it does not come */
  async said(what: RegExp, withinMs = START_MS): Promise<RegExpExecArray> {
    const giveUp = AbortSignal.timeout(withinMs)
    for (;;) {
      const found = what.exec(this.#stderr.slice(this.#seen))
      if (found) {
        this.#seen += found.index + found[0].length
        return found
      }
      await this.#more(giveUp).catch((error: unknown) => {
        throw new Error(`alien dev did not say ${String(what)}: ${String(error)}; it said:\n${this.#stderr}`)
      })
    }
  }

  #more(signal: AbortSignal): Promise<void> {
    const child = this.#child
    return new Promise((resolve, reject) => {
      child.stderr.once('data', () => resolve())
      void child.then(({ exitCode }) => reject(new Error(`it ended with ${String(exitCode)}`)))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  /** Its exit code, and all it wrote. */
  async end(signal: 'SIGINT' | 'SIGKILL'): Promise<{ exitCode: number | undefined; stdout: string; stderr: string }> {
    this.#child.kill(signal)
    const { exitCode, stdout, stderr } = await this.#child
    return { exitCode, stdout, stderr }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end('SIGINT')
  }
}

/** `alien dev` in `folder`, ready. */
export async function startDev(
  folder: string,
  args: readonly string[] = [],
): Promise<{ dev: DevProcess; state: DevState }> {
  const dev = new DevProcess(folder, ['--status-file', 'status.json', ...args])
  await dev.said(/^ready {2}API .*$/m)
  const state = JSON.parse(await readFile(join(folder, 'status.json'), 'utf8')) as DevState
  return { dev, state }
}

/** Processes that name the folder in their command line: Temporal and its guardian by its database, agents by their bundle. */
export async function processesOf(folder: string): Promise<string[]> {
  const found: string[] = []
  for (const line of await commandLines()) if (line.includes(folder)) found.push(line)
  return found
}

async function commandLines(): Promise<string[]> {
  if (process.platform !== 'linux') return (await execa('ps', ['-axo', 'pid=,args='])).stdout.split('\n')
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name))
  return Promise.all(
    pids.map(async (pid) => {
      const args = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '')
      return `${pid} ${args.replaceAll('\0', ' ')}`
    }),
  )
}
