/** A cloud's own packages: optional peers, loaded by the one adapter that needs them. */
import { BindingError } from './binding-error.js'

/**
 * @param what The binding, for the message.
 * @param packages What to install when `load` finds them missing.
 * @throws {BindingError} `not_configured` with the command that installs them
 */
export async function loadSdk<T>(what: string, packages: readonly string[], load: () => Promise<T>): Promise<T> {
  try {
    return await load()
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ERR_MODULE_NOT_FOUND')) throw error
    throw new BindingError(
      'not_configured',
      `${what} needs packages that are not installed; run: npm install ${packages.join(' ')}`,
      { cause: error },
    )
  }
}
