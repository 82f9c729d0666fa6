/** `Function`: declares, in `alien.ts`, code that runs in the customer's environment. */
import { bindingVariable, type BindingLink } from '../bindings/binding-link.js'
import type { StorageBinding, VaultBinding } from '../bindings/binding-schema.js'
import { Storage } from '../bindings/storage/storage.js'
import { Vault } from '../bindings/vault/vault.js'
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'
import { quote, resourceNameProblem } from '../protocol/resource-name.js'
import { recordFunction, type FunctionCode, type FunctionDefinition } from './declarations.js'

export type { FunctionCode, FunctionDefinition } from './declarations.js'

/**
 * Each setter once, then `.build()`. All throw `CommandError` with code `invalid_request`.
 *
 * @example new alien.Function('agent').code({ type: 'source', src: './', toolchain: { type: 'typescript' } }).build()
 */
class FunctionBuilder {
  readonly #name: string
  #code: FunctionCode | undefined
  #commandsEnabled: boolean | undefined
  readonly #links: BindingLink[] = []

  constructor(name: string) {
    const problem = resourceNameProblem('function', name)
    if (problem !== undefined) throw new CommandError('invalid_request', problem)
    this.#name = name
  }

  get name(): string {
    return this.#name
  }

  code(code: FunctionCode): this {
    if (this.#code !== undefined) throw this.#invalid('code() was called twice')
    this.#code = this.#checkedCode(code)
    return this
  }

  /** @default false */
  commandsEnabled(enabled: boolean): this {
    if (this.#commandsEnabled !== undefined) throw this.#invalid('commandsEnabled() was called twice')
    if (typeof enabled !== 'boolean') throw this.#invalid(`commandsEnabled() takes a boolean, got ${quote(enabled)}`)
    this.#commandsEnabled = enabled
    return this
  }

  /**
   * Declares that the code uses a storage or a vault: an agent does not start without it. Once for each of them.
   *
   * @param binding What configures it where `ALIEN_<NAME>_BINDING` is not set; checked when an agent starts.
   * @example .link(storage('workspace'), { service: 's3', bucket: 'acme-workspace' })
   */
  link(target: Storage, binding?: StorageBinding): this
  link(target: Vault, binding?: VaultBinding): this
  link(target: Storage | Vault, binding?: StorageBinding | VaultBinding): this {
    const link = this.#checkedLink(target, binding)
    if (this.#links.some(({ name }) => bindingVariable(name) === bindingVariable(link.name))) {
      throw this.#invalid(`link() has ${bindingVariable(link.name)} already, which "${link.name}" needs`)
    }
    this.#links.push(link)
    return this
  }

  build(): FunctionDefinition {
    if (this.#code === undefined) {
      const example = `.code({ type: 'source', src: './', toolchain: { type: 'typescript' } })`
      throw this.#invalid(`code is missing; call ${example} before .build()`)
    }
    const definition: FunctionDefinition = Object.freeze({
      kind: 'function',
      name: this.#name,
      code: this.#code,
      commandsEnabled: this.#commandsEnabled ?? false,
      links: Object.freeze([...this.#links]),
    })
    recordFunction(definition)
    return definition
  }

  #checkedCode(code: unknown): FunctionCode {
    if (!isPlainObject(code)) throw this.#invalid(`code() takes an object, got ${quote(code)}`)
    const { type, src, toolchain } = code
    if (type !== 'source') throw this.#invalid(`unknown code type ${quote(type)}; known: "source"`)
    if (typeof src !== 'string' || src === '') throw this.#invalid(`code src must be a folder, got ${quote(src)}`)
    if (!isPlainObject(toolchain)) throw this.#invalid(`code toolchain must be an object, got ${quote(toolchain)}`)
    if (toolchain['type'] !== 'typescript') {
      throw this.#invalid(`unknown toolchain type ${quote(toolchain['type'])}; known: "typescript"`)
    }
    return Object.freeze({ type, src, toolchain: Object.freeze({ type: 'typescript' }) })
  }

  #checkedLink(target: unknown, binding: unknown): BindingLink {
    const kind = target instanceof Storage ? 'storage' : target instanceof Vault ? 'vault' : undefined
    if (kind === undefined) throw this.#invalid(`link() takes storage(name) or vault(name), got ${quote(target)}`)
    const { name } = target as Storage | Vault
    if (binding === undefined) return Object.freeze({ kind, name })
    if (!isPlainObject(binding)) throw this.#invalid(`the binding of ${kind} "${name}" must be an object`)
    return Object.freeze({ kind, name, binding: Object.freeze({ ...binding }) })
  }

  #invalid(problem: string): CommandError {
    return new CommandError('invalid_request', `function "${this.#name}": ${problem}`)
  }
}

export { FunctionBuilder as Function }
