/**
 * A folder in which the shell blocks of a page run as a reader would run them: `alien` is on the PATH, and what goes on until
 * it is stopped (`alien server`, `alien worker`, `alien agent start`) is beside the block until that is over.
 */
import { execa } from 'execa'
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join, resolve } from 'node:path'
import { CLI, cliEnv } from './cli.js'

/** The clouds' own command lines. */
const CLOUDS = ['aws', 'az', 'gcloud', 'func']

/** Takes the forms that a program has, and does as if it had done it. */
const standIn = (script: string, ...args: readonly string[]): string => `#!/bin/sh
exec node '${resolve('tests/support', script)}' ${args.join(' ')} "$@"
`

/** Resolves when a process that goes on is ready, and notes it for the end of the block. */
const ALIEN = `#!/usr/bin/env node
const { spawn } = require('node:child_process')
const { appendFileSync, openSync, readFileSync } = require('node:fs')
const args = process.argv.slice(2)
const goesOn = ['server', 'worker'].includes(args[0]) || args.slice(0, 2).join(' ') === 'agent start'
if (args[0] === 'server') args.push('--port', '0')
if (args.includes('--help') || !goesOn) {
  spawn(process.execPath, [process.env.DOC_CLI, ...args], { stdio: 'inherit' }).on('exit', (code) => process.exit(code ?? 1))
} else {
  // Who calls is shown in most blocks, and an agent in some.
  if (args[0] === 'agent' && !process.env.ALIEN_TOKEN.startsWith('agt_')) process.env.ALIEN_TOKEN = process.env.DOC_AGENT_TOKEN
  // A file, for a pipe would break when this ends.
  const log = process.env.DOC_PIDS + '.' + process.pid + '.log'
  const child = spawn(process.execPath, [process.env.DOC_CLI, ...args], { stdio: ['ignore', 'ignore', openSync(log, 'w')] })
  child.on('exit', (code) => { console.error(readFileSync(log, 'utf8')); process.exit(code ?? 1) })
  setInterval(() => {
    if (!/"msg":"(ready|serving)"/.test(readFileSync(log, 'utf8'))) return
    appendFileSync(process.env.DOC_PIDS, child.pid + '\\n')
    process.exit(0)
  }, 50)
}
`

const NPX = `#!/bin/sh
exec "$@"
`

/** Scripts of the repository run there; installing what a build needs is not what a page is about. */
const NPM = `#!/bin/sh
case $1 in
  install) ;;
  run) cd "$DOC_ROOT" && exec "$DOC_NPM" "$@" ;;
  *) exec "$DOC_NPM" "$@" ;;
esac
`

export interface DocAnswer {
  readonly exitCode: number | undefined
  readonly output: string
}

export class DocShell implements AsyncDisposable {
  readonly folder: string
  readonly #env: Readonly<Record<string, string>>
  /** What a page names, like `https://commands.vendor.example:7700`, and what stands for it here. */
  readonly stands = new Map<string, string>()
  /** What its blocks exported. */
  readonly #exported: string[] = []

  private constructor(folder: string, env: Readonly<Record<string, string>>) {
    this.folder = folder
    this.#env = env
  }

  static async open(env: Readonly<Record<string, string>>): Promise<DocShell> {
    const folder = await mkdtemp(join(tmpdir(), 'alien-docs-'))
    const bin = join(folder, '.bin')
    await mkdir(bin)
    const programs = {
      alien: ALIEN,
      npx: NPX,
      npm: NPM,
      docker: standIn('doc-docker.js'),
      ...Object.fromEntries(CLOUDS.map((name) => [name, standIn('doc-cloud.js', name)])),
    }
    for (const [name, text] of Object.entries(programs)) {
      await writeFile(join(bin, name), text)
      await chmod(join(bin, name), 0o755)
    }
    // The project's own says that its files are modules.
    await writeFile(join(bin, 'package.json'), '{}')
    const { stdout: npm } = await execa('sh', ['-c', 'command -v npm'])
    return new DocShell(folder, {
      PATH: `${bin}${delimiter}${process.env['PATH'] ?? ''}`,
      ALIEN_LOG_LEVEL: 'info',
      ALIEN_STATE_DIR: join(folder, '.alien'),
      DOC_CLI: CLI,
      DOC_NPM: npm,
      DOC_ROOT: resolve('.'),
      DOC_PIDS: join(folder, '.pids'),
      ...env,
    })
  }

  /** As {@link run}, and what is exported is known to the blocks after it: a page that is read in one terminal. */
  async runOn(code: string): Promise<DocAnswer> {
    const answer = await this.run(code, this.#exported.join(''))
    this.#exported.push(...(code.match(/^export .*\n/gm) ?? []))
    return answer
  }

  /** Stops at the first command that fails. @param known goes before it */
  async run(code: string, known = ''): Promise<DocAnswer> {
    const options = { cwd: this.folder, env: cliEnv(this.#env), extendEnv: false, reject: false, all: true } as const
    const here = [...this.stands].reduce((text, [named, real]) => text.replaceAll(named, real), known + code)
    const { exitCode, all } = await execa('bash', ['-euo', 'pipefail', '-c', here], { ...options, stdin: 'ignore' })
    await this.#stopOthers()
    return { exitCode, output: all }
  }

  async #stopOthers(): Promise<void> {
    const pids = await readFile(this.#env['DOC_PIDS'] ?? '', 'utf8').catch(() => '')
    await rm(this.#env['DOC_PIDS'] ?? '', { force: true })
    // Their parent is gone, so nobody but the system hears of their end; what they hold is theirs alone.
    for (const pid of pids.split('\n').filter(Boolean)) process.kill(Number(pid), 'SIGTERM')
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await rm(this.folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 500 })
  }
}
