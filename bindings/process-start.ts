import { readFileSync } from 'node:fs'

/** Of `/proc/PID/stat`, what stands behind the name in brackets, which may have spaces itself; the 22nd of all. */
const START_AFTER_NAME = 19

/** When a process was started, in the kernel's ticks: tells it from later ones of its number. `undefined` but on Linux. */
export function processStart(pid: number): string | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, 'latin1')
    return stat.slice(stat.lastIndexOf(')') + 2).split(' ')[START_AFTER_NAME]
  } catch {
    return undefined
  }
}
