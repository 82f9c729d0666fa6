/** The bindings of an agent, checked before it takes its first command. */
import { assertBindings } from '../bindings/configured-bindings.js'
import type { Environment } from '../bindings/open-backend.js'
import { tellFallbacks } from '../bindings/resolve-binding.js'
import type { Logger } from './logger.js'

/** @throws {CommandError} `invalid_request` with all that is wrong, a line each */
export function checkBindings(environment: Environment, log: Logger): void {
  tellFallbacks((message) => log.info(message))
  assertBindings(environment)
}
