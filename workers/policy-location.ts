/** Where the customer's policy file is looked for. */
import { lstatSync } from 'node:fs'
import { resolve } from 'node:path'
import { POLICY_FILE_NAME } from '../protocol/customer-policy.js'

export interface PolicyLocation {
  /** Absolute. */
  readonly file: string
  /** Whether it must be there: it was named, or it is there now. */
  readonly required: boolean
}

/**
 * `ALIEN_POLICY`, else `alien-policy.json` in the current folder. `ALIEN_POLICY_DEFAULT` names another place for the
 * latter: an agent's process runs in the folder of its handlers, not where it was started.
 */
export function locatePolicy(env: NodeJS.ProcessEnv): PolicyLocation {
  const { ALIEN_POLICY: given, ALIEN_POLICY_DEFAULT: otherwise } = env
  if (given) return { file: resolve(given), required: true }
  const file = resolve(otherwise || POLICY_FILE_NAME)
  return { file, required: isThere(file) }
}

/** The same location for a process that this one starts. */
export const policyEnv = ({ file, required }: PolicyLocation): Record<string, string> =>
  required ? { ALIEN_POLICY: file } : { ALIEN_POLICY: '', ALIEN_POLICY_DEFAULT: file }

/** Also a link to nowhere, and what may not be looked at: then a policy is meant to be there. */
function isThere(file: string): boolean {
  try {
    return lstatSync(file, { throwIfNoEntry: false }) !== undefined
  } catch {
    return true
  }
}
