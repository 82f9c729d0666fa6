/** Runs `alien bindings check`. */
import type { BindingRef } from '../../bindings/binding-link.js'
import { configuredBindings } from '../../bindings/configured-bindings.js'
import type { Environment } from '../../bindings/open-backend.js'
import { probeStorage, probeVault } from '../../bindings/probe-binding.js'
import { resolveStorage, resolveVault } from '../../bindings/resolve-binding.js'
import { Storage } from '../../bindings/storage/storage.js'
import { Vault } from '../../bindings/vault/vault.js'
import { ERROR_CODES } from '../../protocol/errors.js'
import type { BindingsCheckFlags } from '../commands/bindings.js'
import { print, printJson, say } from '../console.js'
import { bindingEnvironment } from './binding-environment.js'

export async function checkBindings({ write = false, json = false }: BindingsCheckFlags): Promise<void> {
  const environment = await bindingEnvironment()
  const { good, unclear, ...configured } = configuredBindings(environment)
  const problems = [...configured.problems, ...unclear]
  const bindings = await Promise.all(
    good.map(async (binding) => ({ ...binding, failures: await probe(binding, environment, write) })),
  )
  if (problems.length > 0 || bindings.some(({ failures }) => failures.length > 0)) {
    process.exitCode = ERROR_CODES.invalid_request.exitCode
  }
  if (json) {
    printJson({ bindings, problems })
    return
  }
  for (const { kind, name, service, failures } of bindings) {
    if (failures.length === 0) print(`${kind} "${name}" (${service}) works`)
    for (const failure of failures) print(`${kind} "${name}" (${service}) fails: ${failure}`)
  }
  for (const problem of problems) print(problem)
  if (bindings.length + problems.length === 0) {
    say('no bindings are configured: set ALIEN_<NAME>_BINDING, or .link(storage(…)) a function in ./alien.ts')
  }
}

async function probe({ kind, name }: BindingRef, environment: Environment, write: boolean): Promise<readonly string[]> {
  if (kind === 'vault')
    return probeVault(new Vault(name, () => Promise.resolve(resolveVault(name, environment))), write)
  return probeStorage(new Storage(name, () => Promise.resolve(resolveStorage(name, environment))))
}
