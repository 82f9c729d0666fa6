/**
 * Where the customer's policy file is looked for. A file that an agent has gone by once must be there ever after: that it
 * is noted in the state directory holds beyond a restart, however the file went.
 */
import { lstatSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { POLICY_FILE_NAME } from '../protocol/customer-policy.js'
import { stateDir } from '../protocol/dev-state.js'

export interface PolicyLocation {
  /** Absolute. */
  readonly file: string
  /** Whether it must be there: it was named, it is there now, or an agent has gone by it. */
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
  return { file, required: isThere(file) || notedIn(noteOf(env)) === file }
}

/** To be called once an agent goes by it. @throws when the state directory cannot be written to */
export function notePolicy({ file }: PolicyLocation, env: NodeJS.ProcessEnv): void {
  const note = noteOf(env)
  if (notedIn(note) === file) return
  mkdirSync(dirname(note), { recursive: true })
  writeFileSync(note, `${file}\n`)
}

const noteOf = (env: NodeJS.ProcessEnv): string => join(stateDir(env), 'policy-in-force')

function notedIn(note: string): string | undefined {
  try {
    return readFileSync(note, 'utf8').trimEnd()
  } catch {
    return undefined
  }
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
