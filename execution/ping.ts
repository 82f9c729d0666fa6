/** `alien.ping`, which every agent and every handler runtime answers: who is there, and with which commands. */
import { PING_COMMAND, type PingAnswer } from '../protocol/ping.js'
import type { CommandDefinition } from '../sdk/command.js'
import type { CommandRegistry } from '../sdk/registry.js'
import { manifestOf } from './manifest.js'

/**
 * @param runtime Where it runs: `agent`, `lambda`, `cloud-run`, …
 * @param version of this package
 */
export const pingDefinition = (runtime: string, version: string, registry: CommandRegistry): CommandDefinition => ({
  name: PING_COMMAND,
  options: { readOnly: true },
  handler: (): PingAnswer => ({ runtime, version, manifest: manifestOf(registry) }),
})
