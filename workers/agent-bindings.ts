/** The bindings of an agent, checked before it takes its first command. */
import { configuredBindings } from '../bindings/configured-bindings.js'
import type { Environment } from '../bindings/open-backend.js'
import { tellFallbacks } from '../bindings/resolve-binding.js'
import { CommandError } from '../protocol/errors.js'
import type { Logger } from './logger.js'

/** @throws {CommandError} `invalid_request` with all that is wrong, a line each */
export function checkBindings(environment: Environment, log: Logger): void {
  tellFallbacks((message) => log.info(message))
  const { problems } = configuredBindings(environment)
  if (problems.length > 0) {
    const count = problems.length === 1 ? 'a binding is' : `${problems.length} bindings are`
    throw new CommandError('invalid_request', `${count} wrong:\n  ${problems.join('\n  ')}`)
  }
}
