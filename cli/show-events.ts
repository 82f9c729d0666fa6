/** Shows a person what happens to an invocation: a bar for its progress, a line for each that its handler logs. */
import type { InvocationHandle } from '../client/invocation-handle.js'
import type { EndedEvent, InvocationEvent, LogEvent, ProgressReport } from '../protocol/events.js'
import { style, type Progress } from './console.js'
import { printable, printableLine } from './printable.js'

export interface ShowOptions {
  readonly label: string
  readonly progress: Progress
  readonly signal?: AbortSignal | undefined
}

/** Follows to the end, and gives the last event. */
export async function showEvents(
  handle: InvocationHandle,
  { label, progress, signal }: ShowOptions,
): Promise<EndedEvent | undefined> {
  for await (const event of handle.events({ signal })) {
    if (event.type === 'ended') return event
    if (event.type === 'progress') progress.update(`${label} ${progressText(event)}`)
    const line = lineOf(event)
    if (line !== undefined) progress.line(line)
  }
  return undefined
}

function lineOf(event: InvocationEvent): string | undefined {
  switch (event.type) {
    case 'log':
      return logText(event)
    case 'dropped':
      return style.dim(`… ${event.count} ${event.count === 1 ? 'line' : 'lines'} dropped`)
    case 'status':
      return (event.attempt ?? 1) > 1 && event.status === 'running'
        ? style.dim(`attempt ${event.attempt ?? ''}`)
        : undefined
    default:
      return undefined
  }
}

const COLORS = { debug: style.dim, info: style.cyan, warn: style.yellow, error: style.red }

function logText({ at, level, message, fields }: LogEvent): string {
  const more = fields === undefined ? '' : ` ${style.dim(printable(JSON.stringify(fields)))}`
  return `${style.dim(printable(at.slice(11, 23)))} ${COLORS[level](level.padEnd(5))} ${printable(message)}${more}`
}

const BAR_WIDTH = 20

function progressText({ done, total, message }: ProgressReport): string {
  const parts = []
  if (done !== undefined && total !== undefined && total > 0) {
    // A handler's side may say anything.
    const share = Math.min(done / total, 1)
    const filled = Math.floor(share * BAR_WIDTH)
    parts.push(`${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${Math.floor(share * 100)} %`)
    parts.push(`${done}/${total}`)
  } else if (done !== undefined) parts.push(String(done))
  if (message !== undefined) parts.push(printableLine(message))
  return parts.join('  ')
}
