/** `alien.ping`, which every handler runtime answers: who is there, and with which commands. */
import { manifestOf } from '../../execution/manifest.js'
import type { CommandDefinition } from '../../sdk/command.js'
import type { CommandRegistry } from '../../sdk/registry.js'

export const PING_COMMAND = 'alien.ping'

/** @param runtime Where it runs: `lambda`, `cloud-run`, … */
export const pingDefinition = (runtime: string, registry: CommandRegistry): CommandDefinition => ({
  name: PING_COMMAND,
  options: { readOnly: true },
  handler: () => ({
    runtime,
    // Written in by `alien build`.
    version: process.env['ALIEN_SDK_VERSION'] ?? 'unknown',
    manifest: manifestOf(registry),
  }),
})
