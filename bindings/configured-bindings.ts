/** All that an environment says of bindings, at once: for the start of an agent, and for `alien bindings check`. */
import { statSync } from 'node:fs'
import { resolve } from 'node:path'
import { CommandError } from '../protocol/errors.js'
import { BindingError } from './binding-error.js'
import { BINDING_VARIABLE, bindingVariable, linksOf, type BindingKind, type BindingRef } from './binding-link.js'
import { storageBinding, vaultBinding } from './binding-schema.js'
import type { Environment } from './open-backend.js'
import { checkedBinding } from './resolve-binding.js'

export interface ConfiguredBindings {
  readonly good: readonly (BindingRef & { readonly service: string })[]
  /** One sentence for each binding that is wrong. */
  readonly problems: readonly string[]
  /** The same for each local one that may as well be a storage as a vault: good, but not to be tried. */
  readonly unclear: readonly string[]
}

/** Those that a function is linked to, and those that have a variable; names of the latter are lower case with `-`. */
export function configuredBindings(environment: Environment): ConfiguredBindings {
  const links = linksOf(environment)
  const linked = new Set(links.map(({ name }) => bindingVariable(name)))
  const others = Object.keys(environment)
    .filter((variable) => BINDING_VARIABLE.test(variable) && environment[variable] && !linked.has(variable))
    .sort()
    .map((variable) => refOf(variable, environment[variable] ?? ''))
  const good = []
  const problems = []
  const unclear = []
  for (const { kind, name } of [...links, ...others]) {
    if (kind === undefined) {
      unclear.push(unclearProblem(name))
      continue
    }
    try {
      const { service } = checkedBinding(kind, name, environment)
      good.push({ kind, name, service })
    } catch (error) {
      if (!(error instanceof BindingError)) throw error
      problems.push(error.message)
    }
  }
  return { good, problems, unclear }
}

/** @throws {CommandError} `invalid_request` with all that is wrong, a line each */
export function assertBindings(environment: Environment): void {
  const { problems } = configuredBindings(environment)
  if (problems.length === 0) return
  const count = problems.length === 1 ? 'a binding is' : `${problems.length} bindings are`
  throw new CommandError('invalid_request', `${count} wrong:\n  ${problems.join('\n  ')}`)
}

interface UnlinkedRef {
  /** `undefined` when nothing says it. */
  readonly kind: BindingKind | undefined
  readonly name: string
}

/** A variable alone does not say whether it is of a storage or of a vault: what parses as the one or the other is. */
function refOf(variable: string, text: string): UnlinkedRef {
  const name = (BINDING_VARIABLE.exec(variable)?.[1] ?? '').toLowerCase().replaceAll('_', '-')
  return { kind: kindOf(text), name }
}

const unclearProblem = (name: string): string =>
  `${bindingVariable(name)} may be of a storage or of a vault, and there is nothing at its path yet; say which in alien.ts, by .link(storage("${name}")) or .link(vault("${name}")), and run it again`

const VAULT_SERVICES: ReadonlySet<unknown> = new Set(
  vaultBinding.options
    .map((option) => option.shape.service.value)
    .filter((service) => service !== 'local' && service !== 'memory'),
)

function kindOf(text: string): BindingKind | undefined {
  try {
    const value: unknown = JSON.parse(text)
    const storage = storageBinding.safeParse(value)
    const vault = vaultBinding.safeParse(value)
    if (storage.success && storage.data.service === 'local' && vault.success) return kindAt(storage.data.path)
    if (storage.success) return 'storage'
    const { service } = value as { readonly service?: unknown }
    return vault.success || VAULT_SERVICES.has(service) ? 'vault' : 'storage'
  } catch {
    return 'storage'
  }
}

/** A storage is a folder, a vault a file. Where there is nothing, or nothing to be seen, it may become either. */
function kindAt(path: string): BindingKind | undefined {
  try {
    return statSync(resolve(path)).isDirectory() ? 'storage' : 'vault'
  } catch {
    return undefined
  }
}
