/** What people see, on stderr; what machines read, on stdout. Colors and spinners on a terminal only. */
import type { Ora } from 'ora'
import { createColors } from 'picocolors'
import { printableJson, printableLine } from './printable.js'

/** Not left to picocolors, which colors pipes too where CI or FORCE_COLOR is set. */
export const colorsFor = ({ isTTY }: { readonly isTTY?: boolean }) =>
  createColors(isTTY === true && !process.env['NO_COLOR'])

/** For stderr. */
export const style = colorsFor(process.stderr)

/** One line for people. */
export function say(message: string): void {
  process.stderr.write(`${message}\n`)
}

/** A result, for machines. */
export function print(text: string): void {
  process.stdout.write(`${text}\n`)
}

export const printJson = (value: unknown): void => print(printableJson(value, 2))

/** Shows a wait after this long; shorter ones would only flicker. */
const SHOW_AFTER_MS = 700

export interface Progress {
  update(message: string): void
  /** A line of its own, that stays. */
  line(text: string): void
  stop(): void
}

/** A spinner on a terminal; elsewhere a line that ends in `…`. */
export function showProgress(message: string): Progress {
  let current = message
  let spinner: Ora | undefined
  let stopped = false
  const show = async (): Promise<void> => {
    // A terminal without a width, as in some containers, sends ora round for ever.
    if (!process.stderr.isTTY || process.stderr.columns === 0) {
      say(`${current} …`)
      return
    }
    // Loading it takes a third of what the whole program takes to start.
    const { default: ora } = await import('ora')
    if (!stopped) spinner = ora({ text: current, stream: process.stderr, discardStdin: false, isEnabled: true }).start()
  }
  const timer = setTimeout(() => void show(), SHOW_AFTER_MS)
  timer.unref()
  return {
    update(next) {
      if (next === current) return
      current = next
      if (spinner) spinner.text = next
    },
    line(text) {
      spinner?.clear()
      say(text)
      spinner?.render()
    },
    stop() {
      stopped = true
      clearTimeout(timer)
      spinner?.stop()
    },
  }
}

/** Columns as wide as their widest cell, for stdout. */
export function table(head: readonly string[], cells: readonly (readonly string[])[]): string {
  const rows = cells.map((row) => row.map(printableLine))
  const widths = head.map((title, column) => Math.max(title.length, ...rows.map((row) => (row[column] ?? '').length)))
  const line = (cells: readonly string[]) =>
    cells
      .map((cell, column) => cell.padEnd(widths[column] ?? 0))
      .join('  ')
      .trimEnd()
  return [colorsFor(process.stdout).dim(line(head)), ...rows.map(line)].join('\n')
}
