/** What bindings are here: the process's variables, and the links of `./alien.ts` if there is one. */
import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { BindingError, type BindingErrorCode } from '../../bindings/binding-error.js'
import { linkEnvironment } from '../../bindings/binding-link.js'
import type { Environment } from '../../bindings/open-backend.js'
import { stateDir } from '../../protocol/dev-state.js'
import { CommandError, type ErrorCode } from '../../protocol/errors.js'
import { loadAlienFile } from '../../workers/load-alien-file.js'

export async function bindingEnvironment(): Promise<Environment> {
  const file = resolve('alien.ts')
  const functions = existsSync(file) ? await loadAlienFile(file, stateDir()) : []
  const links = functions.flatMap((served) => served.links ?? [])
  return { ...process.env, ...linkEnvironment(links, process.env) }
}

const CODES: Partial<Record<BindingErrorCode, ErrorCode>> = {
  access_denied: 'permission_denied',
  unavailable: 'unavailable',
}

/** Runs `action`; a binding's error becomes one of the CLI's. */
export async function withBindingErrors<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action()
  } catch (error) {
    if (!(error instanceof BindingError)) throw error
    throw new CommandError(CODES[error.code] ?? 'invalid_request', error.message, { cause: error })
  }
}
