/** The customer's policy in an agent's process: the file decides, the gate enforces, the log tells. */
import { PolicyGate } from '../execution/policy-gate.js'
import type { Logger } from './logger.js'
import { PolicyFile } from './policy-file.js'
import { locatePolicy } from './policy-location.js'

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
