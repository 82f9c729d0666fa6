/**
 * Runs a shell script in a process group of its own, so that what it started ends with it: when it has ended, when its
 * time is over, when it is canceled, and when this process ends, however that happens. Only a process that makes itself a
 * session of its own gets away.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import type { Readable } from 'node:stream'

/** Of the output, what the caller gets; enough for a model, and far below the limit of results. */
const MAX_OUTPUT_CHARACTERS = 64 * 1024
/** A longer line is several: nobody may fill our memory by never ending one. */
const MAX_LINE_CHARACTERS = 4 * 1024
/** Between the polite signal and the other one. */
const KILL_AFTER_MS = 2_000
/** For what is still in the pipes when all are gone; one that got away may hold them open. */
const DRAIN_MS = 500

/**
 * Runs the script `$1`. In its group a watcher reads a pipe from us, on which nothing ever comes: its end says that we are
 * gone. Twice removed, so that it is nobody's child; and deaf to the polite signal, after which we may be killed as well.
 */
const WATCHED = `
((trap '' TERM; cat <&3; kill -KILL 0) >/dev/null 2>&1 &)
exec 3<&-
exec /bin/sh -c "$1"
`

export interface ShellOptions {
  readonly cwd: string
  readonly timeLimitMs: number
  readonly signal: AbortSignal
  readonly onLine: (line: string) => void
}

export interface ShellResult {
  /** `null` when a signal ended it. */
  readonly exitCode: number | null
  readonly timedOut: boolean
  /** Stdout and stderr as they came; the end of it when it is too long. */
  readonly output: string
  readonly truncated: boolean
}

/** @throws the signal's reason when it aborts; by then the processes are gone */
export async function runShell(script: string, options: ShellOptions): Promise<ShellResult> {
  const { cwd, timeLimitMs, signal, onLine } = options
  signal.throwIfAborted()
  const shell = spawn('/bin/sh', ['-c', WATCHED, 'sh', script], {
    cwd,
    env: shellEnv(),
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe', 'pipe'],
  })
  const output = new OutputTail()
  for (const stream of outputsOf(shell)) {
    readLines(stream, (piece, isLinesLast) => {
      output.add(isLinesLast ? `${piece}\n` : piece)
      onLine(piece)
    })
  }
  const timeLimit = AbortSignal.timeout(timeLimitMs)
  const { exitCode, wasStopped } = await endOf(shell, AbortSignal.any([signal, timeLimit]))
  signal.throwIfAborted()
  return { exitCode, timedOut: wasStopped, ...output.result() }
}

const outputsOf = ({ stdout, stderr }: ChildProcess): Readable[] => [stdout, stderr].filter((stream) => stream !== null)

/** Not the agent's own environment: its token is in there. */
function shellEnv(): NodeJS.ProcessEnv {
  const { PATH, HOME, LANG, TMPDIR } = process.env
  return { PATH, HOME, LANG, TMPDIR }
}

async function endOf(shell: ChildProcess, stop: AbortSignal) {
  // Not "close", which would wait for the watcher as well.
  const closed = Promise.all([once(shell, 'exit'), ...outputsOf(shell).map((stream) => once(stream, 'close'))])
  const timers: NodeJS.Timeout[] = []
  const end = { wasStopped: false }
  const kill = (): void => {
    signalGroup(shell, 'SIGKILL')
    timers.push(setTimeout(() => outputsOf(shell).map((stream) => stream.destroy()), DRAIN_MS))
  }
  const onStop = (): void => {
    end.wasStopped = true
    signalGroup(shell, 'SIGTERM')
    timers.push(setTimeout(kill, KILL_AFTER_MS))
  }
  stop.addEventListener('abort', onStop, { once: true })
  shell.once('exit', () => {
    if (end.wasStopped) return
    stop.removeEventListener('abort', onStop)
    kill()
  })
  try {
    await closed
    return { ...end, exitCode: shell.exitCode }
  } finally {
    for (const timer of timers) clearTimeout(timer)
    // The watcher is left, and whose output went elsewhere kept nothing open.
    if (end.wasStopped) signalGroup(shell, 'SIGKILL')
  }
}

function signalGroup({ pid }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined) return
  try {
    process.kill(-pid, signal)
  } catch {
    // All of it is gone already.
  }
}

/** A line in one piece, unless it is too long. */
type OnPiece = (piece: string, isLinesLast: boolean) => void

function readLines(stream: Readable, onPiece: OnPiece): void {
  let rest = ''
  stream.setEncoding('utf8').on('data', (text: string) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) onPiece(withoutFullPieces(line, onPiece), true)
    rest = withoutFullPieces(rest, onPiece)
  })
  stream.once('close', () => {
    if (rest !== '') onPiece(rest, true)
  })
}

/** What is left of a line when its pieces of full length have been told. */
function withoutFullPieces(line: string, onPiece: OnPiece): string {
  let start = 0
  for (; line.length - start > MAX_LINE_CHARACTERS; start += MAX_LINE_CHARACTERS) {
    onPiece(line.slice(start, start + MAX_LINE_CHARACTERS), false)
  }
  return line.slice(start)
}

/** The last lines of an output without end. */
class OutputTail {
  #pieces: string[] = []
  #characters = 0
  #truncated = false

  add(piece: string): void {
    this.#pieces.push(piece)
    this.#characters += piece.length
    // Seldom, so that a line costs the same however many there are.
    if (this.#characters > 2 * MAX_OUTPUT_CHARACTERS) this.#cut()
  }

  result(): { readonly output: string; readonly truncated: boolean } {
    this.#cut()
    return { output: this.#pieces.join('').replace(/\n$/, ''), truncated: this.#truncated }
  }

  #cut(): void {
    let first = 0
    while (this.#characters > MAX_OUTPUT_CHARACTERS) this.#characters -= this.#pieces[first++]?.length ?? 0
    if (first > 0) this.#truncated = true
    this.#pieces = this.#pieces.slice(first)
  }
}
