/** All that an environment says of bindings, at once: for the start of an agent, and for `alien bindings check`. */
import { BindingError } from './binding-error.js'
import { bindingVariable, linksOf, type BindingKind, type BindingRef } from './binding-link.js'
import { storageBinding, vaultBinding } from './binding-schema.js'
import type { Environment } from './open-backend.js'
import { checkedBinding } from './resolve-binding.js'

const VARIABLE = /^ALIEN_([A-Z0-9_]+)_BINDING$/

export interface ConfiguredBindings {
  readonly good: readonly (BindingRef & { readonly service: string })[]
  /** One sentence for each binding that is wrong. */
  readonly problems: readonly string[]
}

/** Those that a function is linked to, and those that have a variable; names of the latter are lower case with `-`. */
export function configuredBindings(environment: Environment): ConfiguredBindings {
  const links = linksOf(environment)
  const linked = new Set(links.map(({ name }) => bindingVariable(name)))
  const others = Object.keys(environment)
    .filter((variable) => VARIABLE.test(variable) && environment[variable] && !linked.has(variable))
    .sort()
    .map((variable) => refOf(variable, environment[variable] ?? ''))
  const good = []
  const problems = []
  for (const { kind, name } of [...links, ...others]) {
    try {
      const { service } = checkedBinding(kind, name, environment)
      good.push({ kind, name, service })
    } catch (error) {
      if (!(error instanceof BindingError)) throw error
      problems.push(error.message)
    }
  }
  return { good, problems }
}

/** A variable alone does not say whether it is of a storage or of a vault: what parses as the one or the other is. */
function refOf(variable: string, text: string): BindingRef {
  const name = (VARIABLE.exec(variable)?.[1] ?? '').toLowerCase().replaceAll('_', '-')
  return { kind: kindOf(text), name }
}

const VAULT_SERVICES: ReadonlySet<unknown> = new Set(
  vaultBinding.options
    .map((option) => option.shape.service.value)
    .filter((service) => service !== 'local' && service !== 'memory'),
)

function kindOf(text: string): BindingKind {
  try {
    const value: unknown = JSON.parse(text)
    if (storageBinding.safeParse(value).success) return 'storage'
    const { service } = value as { readonly service?: unknown }
    return vaultBinding.safeParse(value).success || VAULT_SERVICES.has(service) ? 'vault' : 'storage'
  } catch {
    return 'storage'
  }
}
