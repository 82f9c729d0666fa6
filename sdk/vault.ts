/** `vault()`: secrets that a handler may read. */
import { BindingError } from '../bindings/binding-error.js'
import { lazy } from '../bindings/lazy.js'
import { Vault } from '../bindings/vault/vault.js'
import { resourceNameProblem } from '../protocol/resource-name.js'

export type { Vault } from '../bindings/vault/vault.js'

/**
 * The vault that `ALIEN_<NAME>_BINDING` configures. May be called where that is not set yet: it is read, and a mistake
 * in it thrown, by the first operation.
 *
 * @throws {BindingError} `invalid_name`
 */
export function vault(name: string): Vault {
  const problem = resourceNameProblem('vault', name)
  if (problem !== undefined) throw new BindingError('invalid_name', problem)
  // Loaded at the first use, for it brings the backends and zod.
  return new Vault(
    name,
    lazy(async () => (await import('../bindings/resolve-binding.js')).resolveVault(name)),
  )
}
