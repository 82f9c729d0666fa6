/**
 * What an `alien.ts` declares. The file need not export anything, so whoever loads it asks here what was built
 * meanwhile. Outside such a load nothing is recorded.
 */
import type { BindingLink } from '../bindings/binding-link.js'
import { CommandError } from '../protocol/errors.js'

export interface FunctionCode {
  readonly type: 'source'
  /** The folder of the code, relative to `alien.ts`. */
  readonly src: string
  readonly toolchain: { readonly type: 'typescript' }
}

/** What `.build()` returns; frozen, all the way down. */
export interface FunctionDefinition {
  readonly kind: 'function'
  readonly name: string
  readonly code: FunctionCode
  /** Whether an agent serves the commands that the code defines. */
  readonly commandsEnabled: boolean
  /** The bindings that its agents must have. */
  readonly links: readonly BindingLink[]
}

let collecting: Map<string, FunctionDefinition> | undefined

/** Called by each `.build()`. @throws {CommandError} `conflict` when the file builds two functions of the same name. */
export function recordFunction(definition: FunctionDefinition): void {
  if (collecting?.has(definition.name) === true) {
    throw new CommandError('conflict', `function "${definition.name}" is built twice; give one of the two another name`)
  }
  collecting?.set(definition.name, definition)
}

/**
 * Runs `load`, usually an `import()`, and tells which functions were built until it ended, in this order. A module
 * that was loaded before builds nothing again.
 *
 * @throws {CommandError} `internal` while another collection runs: nobody could tell whose a function is.
 */
export async function collectDeclarations<T>(
  load: () => Promise<T>,
): Promise<{ result: T; functions: FunctionDefinition[] }> {
  if (collecting !== undefined) throw new CommandError('internal', 'declarations are being collected already')
  const collected = (collecting = new Map<string, FunctionDefinition>())
  try {
    const result = await load()
    return { result, functions: [...collected.values()] }
  } finally {
    collecting = undefined
  }
}
