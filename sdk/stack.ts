/** `Stack`: declares, in `alien.ts`, the functions that are deployed together. */
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'
import { quote, resourceNameProblem } from '../protocol/resource-name.js'
import type { FunctionDefinition } from './declarations.js'
import { Function } from './function.js'

/** What `.build()` returns; frozen. */
export interface StackDefinition {
  readonly kind: 'stack'
  readonly name: string
  /** In the order they were added. */
  readonly functions: readonly FunctionDefinition[]
}

/** All methods throw `CommandError`: `invalid_request`, and `conflict` for a second function of the same name. */
export class Stack {
  readonly #name: string
  readonly #functions = new Map<string, FunctionDefinition>()

  constructor(name: string) {
    const problem = resourceNameProblem('stack', name)
    if (problem !== undefined) throw new CommandError('invalid_request', problem)
    this.#name = name
  }

  add(definition: FunctionDefinition): this {
    assertFunction(this.#name, definition)
    if (this.#functions.has(definition.name)) {
      throw new CommandError(
        'conflict',
        `stack "${this.#name}" has two functions "${definition.name}"; give one of the two another name`,
      )
    }
    this.#functions.set(definition.name, definition)
    return this
  }

  build(): StackDefinition {
    return Object.freeze({
      kind: 'stack',
      name: this.#name,
      functions: Object.freeze([...this.#functions.values()]),
    })
  }
}

function assertFunction(stackName: string, value: unknown): asserts value is FunctionDefinition {
  if (isPlainObject(value) && value['kind'] === 'function') return
  const problem =
    value instanceof Function
      ? `add() takes what .build() returns; call .build() on function "${value.name}"`
      : `add() takes a function's definition, got ${quote(value)}`
  throw new CommandError('invalid_request', `stack "${stackName}": ${problem}`)
}
