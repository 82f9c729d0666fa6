/** Processor time of a process and all that it started, as Linux counts it. */
import { readFile } from 'node:fs/promises'

/** What Linux counts in, whatever the machine. */
const TICK_MS = 10

/** @throws {Error} where there is no /proc */
export async function cpuMsOf(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  // The name, which may have spaces, ends with the last bracket; the times are the 14th and 15th field.
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  const own = (Number(fields[11]) + Number(fields[12])) * TICK_MS
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).split(' ').filter((one) => one !== '')
  const theirs = await Promise.all(children.map((child) => cpuMsOf(Number(child))))
  return theirs.reduce((sum, ms) => sum + ms, own)
}
