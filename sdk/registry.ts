/** The commands an agent serves, as a value; names are unique. */
import { CommandError } from '../protocol/errors.js'
import type { CommandDefinition } from './command.js'

export class CommandRegistry {
  readonly #definitions = new Map<string, CommandDefinition>()

  constructor(definitions: Iterable<CommandDefinition> = []) {
    for (const definition of definitions) this.add(definition)
  }

  /** @throws {CommandError} `conflict` when the name is taken. */
  add(definition: CommandDefinition): void {
    if (this.#definitions.has(definition.name)) {
      throw new CommandError(
        'conflict',
        `command "${definition.name}" is defined twice; give one of the two another name`,
      )
    }
    this.#definitions.set(definition.name, definition)
  }

  get names(): string[] {
    return [...this.#definitions.keys()]
  }

  [Symbol.iterator](): IterableIterator<CommandDefinition> {
    return this.#definitions.values()
  }
}

/** Where `command()` puts what a handlers' module defines; the agent that loads the module serves it. */
export const moduleRegistry = new CommandRegistry()
