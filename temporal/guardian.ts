/**
 * A child process that does not outlive us, whatever ends us: an ordinary exit, a crash, or SIGKILL, which gives no
 * time to clean up. Linux has a system call for that and macOS has not, so a small shell script stands between: it
 * holds the reading end of a pipe whose only writing end is ours, and the end of that pipe is the order to stop.
 *
 * Stages: spawn -> the script reports the child's pid -> running -> the pipe ends or a signal arrives -> SIGTERM ->
 * after the grace period SIGKILL -> the script ends with the child's exit code.
 *
 * Invariants:
 * G1. Asking for a stop and dying are the same event for the script, so the path that matters in a crash runs daily.
 * G2. The script and the child are a session of their own: Ctrl-C in a terminal reaches only us, and we decide when the
 *     child goes (workers need the server while they drain).
 * G3. SIGTERM, not SIGINT: a shell starts its background jobs with SIGINT ignored, so a child that has not yet set up
 *     its own handling would not notice.
 * G4. Nothing but the child holds its output pipes, so they end with it.
 */
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { constants } from 'node:os'
import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { text } from 'node:stream/consumers'

/** POSIX shell: `sh` is dash, bash in POSIX mode or busybox. File 3 carries the pid to us, file 4 is the owner's pipe. */
const SCRIPT = `
grace_seconds=$1; shift
exec 4<&0
"$@" </dev/null 3>&- 4<&- &
child=$!
echo "$child" >&3
exec 3>&-
trap 'kill -TERM "$child"' INT TERM HUP
{
  read -r _ <&4
  kill -TERM "$child"
  while [ "$grace_seconds" -gt 0 ]; do
    sleep 1
    grace_seconds=$((grace_seconds - 1))
  done
  kill -KILL "$child"
} >/dev/null 2>&1 &
watcher=$!
exec 4<&-
# "wait" also returns when a trapped signal came: go on until the child is really gone.
while :; do
  wait "$child"
  code=$?
  kill -0 "$child" 2>/dev/null || break
done
kill "$watcher"
exit "$code"
`

export interface ExitStatus {
  readonly code: number | null
  readonly signal: NodeJS.Signals | null
}

export interface GuardedProcess {
  /** Of the command itself, not of the script around it. */
  readonly pid: number
  /** Settles when the process has ended and all its output has been read. Never rejects. */
  readonly exited: Promise<ExitStatus>
  /** SIGTERM, then SIGKILL after the grace period. Resolves when the process is gone; more calls change nothing. */
  readonly stop: () => Promise<void>
}

interface GuardedProcessOptions {
  /** Whole seconds between SIGTERM and SIGKILL. */
  readonly stopGraceSeconds: number
  /** Called for each line of the process's output and error output. */
  readonly onLine: (line: string) => void
}

export const spawnGuarded = async (
  command: string,
  args: readonly string[],
  options: GuardedProcessOptions,
): Promise<GuardedProcess> => {
  const script = spawn('/bin/sh', ['-c', SCRIPT, 'guardian', String(options.stopGraceSeconds), command, ...args], {
    stdio: ['pipe', 'pipe', 'pipe', 'pipe'],
    detached: true,
  })
  const exited = exitOf(script)
  for (const input of [script.stdout, script.stderr]) createInterface({ input }).on('line', options.onLine)
  await once(script, 'spawn')
  const pid = Number(await text(script.stdio[3] as Readable))
  const stop = async (): Promise<void> => {
    script.stdin.end()
    await exited
  }
  return { pid, exited, stop }
}

const exitOf = (script: ChildProcess): Promise<ExitStatus> =>
  new Promise((resolve) => {
    script.on('close', (code, signal) => resolve(code !== null && code > 128 ? signalOf(code) : { code, signal }))
  })

/** A shell says "ended by signal n" as exit code 128 + n. */
const signalOf = (code: number): ExitStatus => {
  const [name] = Object.entries(constants.signals).find(([, number]) => number === code - 128) ?? []
  return name === undefined ? { code, signal: null } : { code: null, signal: name as NodeJS.Signals }
}
