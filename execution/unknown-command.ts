import { CommandError } from '../protocol/errors.js'
import { nearest, nearestHint } from '../protocol/suggest.js'
import type { CommandRegistry } from '../sdk/registry.js'

/** @param who Whoever lacks the command, for the message: `this agent`. */
export function unknownCommand(who: string, name: string, registry: CommandRegistry): CommandError {
  const names = nearest(name, registry.names)
  const hint = names.length === 0 ? '' : `; ${nearestHint(names)}`
  return new CommandError('command_not_found', `${who} has no command "${name}"${hint}`, {
    details: { nearest: names },
  })
}
