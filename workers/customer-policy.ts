/** The customer's policy in an agent's process: the file decides, the gate enforces, the log tells. */
import { PolicyGate } from '../execution/policy-gate.js'
import type { Logger } from './logger.js'
import { PolicyFile } from './policy-file.js'
import { locatePolicy, notePolicy, type PolicyLocation } from './policy-location.js'

/**
 * The gate of the policy file that `env` names (`ALIEN_POLICY`, default `alien-policy.json`). Follows the file until
 * the process ends; while the file is gone or broken, nothing is admitted.
 *
 * @throws {CommandError} `invalid_request` when the file cannot be used as it is
 */
export async function openCustomerPolicy(env: NodeJS.ProcessEnv, log: Logger): Promise<PolicyGate> {
  const gate = new PolicyGate()
  const location = locatePolicy(env)
  await PolicyFile.open(location, {
    onPolicy: (policy) => {
      note(location, env, log)
      gate.change({ kind: 'policy', policy })
      log.info({ file: location.file, policy }, "the customer's policy is in force")
    },
    onBroken: (error) => {
      gate.change({ kind: 'unreadable' })
      log.error(`${error.message}; every command is refused until it is repaired`)
    },
  })
  return gate
}

/** The policy is in force with or without. */
function note(location: PolicyLocation, env: NodeJS.ProcessEnv, log: Logger): void {
  try {
    notePolicy(location, env)
  } catch (error) {
    log.warn(
      `that there is a policy file cannot be noted, so an agent that is started without it would allow everything: ${String(error)}`,
    )
  }
}
