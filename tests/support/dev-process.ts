/** `alien dev` as its users run it, and what it left on the machine. */
import { execa } from 'execa'
import { mkdir, mkdtemp, readdir, readFile, realpath, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { DevState } from '../../protocol/dev-state.js'
import { CLI, cliEnv } from './cli.js'

/** Both are for what hangs. */
const SAID_WITHIN_MS = 60_000
const END_WITHIN_MS = 60_000

/** A new folder with these files, by its real path: that is what processes show as theirs. */
export async function folderWith(files: Readonly<Record<string, string>>): Promise<string> {
  const folder = await realpath(await mkdtemp(join(tmpdir(), 'alien-dev-')))
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
  return folder
}

/** Interrupted, and waited for, when it is disposed of; it also ends with the process that started it. */
export class DevProcess implements AsyncDisposable {
  readonly #child
  readonly #exited: Promise<number | null>
  #stdout = ''
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
      // A group of its own, as a shell gives it, and a channel whose end tells it that we are gone.
      detached: true,
      ipc: true,
    })
    this.#exited = new Promise((resolve) => this.#child.once('exit', resolve))
    this.#child.stdout.setEncoding('utf8').on('data', (text: string) => (this.#stdout += text))
    this.#child.stderr.setEncoding('utf8').on('data', (text: string) => (this.#stderr += text))
  }

  get pid(): number {
    return this.#child.pid ?? -1
  }

  /** Waits for text on stderr, after what was waited for before. @throws with all of it when it does not come */
  async said(what: RegExp): Promise<RegExpExecArray> {
    const giveUp = AbortSignal.timeout(SAID_WITHIN_MS)
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
    return new Promise((resolve, reject) => {
      this.#child.stderr.once('data', () => resolve())
      void this.#exited.then((code) => reject(new Error(`it ended with ${String(code)}`)))
      signal.addEventListener('abort', () => reject(signal.reason as Error), { once: true })
    })
  }

  /** Ctrl-C: the terminal signals the whole group. Gives the exit code, `null` when it had to be killed, and stdout. */
  async interrupt(): Promise<{ exitCode: number | null; stdout: string }> {
    if (this.#child.exitCode === null && this.#child.signalCode === null) process.kill(-this.pid, 'SIGINT')
    const force = setTimeout(() => this.#child.kill('SIGKILL'), END_WITHIN_MS)
    const exitCode = await this.#exited
    clearTimeout(force)
    return { exitCode, stdout: this.#stdout }
  }

  /** `kill -9`: it has no time to end anything. */
  async kill(): Promise<void> {
    this.#child.kill('SIGKILL')
    await this.#exited
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.interrupt()
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
