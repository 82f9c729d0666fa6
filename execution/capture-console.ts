/** What a handler writes to `console`, told apart from what others write there at the same time. */
import { AsyncLocalStorage } from 'node:async_hooks'
import console from 'node:console'
import { format } from 'node:util'
import type { LogLevel } from '../protocol/events.js'

type WriteLine = (level: LogLevel, message: string) => void

const LEVELS = { debug: 'debug', log: 'info', info: 'info', warn: 'warn', error: 'error' } as const

const capturing = new AsyncLocalStorage<WriteLine>()
let isPatched = false

/** Runs `work`; what it writes to `console`, and all that it calls and starts, goes to `write` as well. */
export function captureConsole<T>(write: WriteLine, work: () => T): T {
  patch()
  return capturing.run(write, work)
}

function patch(): void {
  if (isPatched) return
  isPatched = true
  for (const method of Object.keys(LEVELS) as (keyof typeof LEVELS)[]) {
    const original = console[method].bind(console)
    console[method] = (...values: unknown[]) => {
      original(...values)
      capturing.getStore()?.(LEVELS[method], format(...values))
    }
  }
}
