/** What a handler writes to `console`, told apart from what others write there at the same time. */
import { AsyncLocalStorage } from 'node:async_hooks'
import console from 'node:console'
import { format } from 'node:util'
import type { LogLevel } from '../protocol/events.js'

const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const

export interface ConsoleCapture {
  /** Makes of a line what may be seen of it, on the console as well. */
  readonly redact: (line: string) => string
  readonly write: (level: LogLevel, line: string) => void
}

const capturing = new AsyncLocalStorage<ConsoleCapture>()
let isPatched = false

/** Runs `work`; what it writes to `console`, and all that it calls and starts, goes to `capture` as well. */
export function captureConsole<T>(capture: ConsoleCapture, work: () => T): T {
  patch()
  return capturing.run(capture, work)
}

function patch(): void {
  if (isPatched) return
  isPatched = true
  for (const method of Object.keys(LEVELS) as (keyof typeof LEVELS)[]) {
    const original = console[method].bind(console)
    console[method] = (...values: unknown[]) => {
      const capture = capturing.getStore()
      if (capture === undefined) {
        original(...values)
        return
      }
      const line = capture.redact(format(...values))
      original(line)
      capture.write(LEVELS[method], line)
    }
  }
}
