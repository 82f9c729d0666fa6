/** Whether a file is a `temporal` executable that this product can use, found out by asking it for its version. */
import { execFile } from 'node:child_process'
import { access, constants } from 'node:fs/promises'
import { promisify } from 'node:util'

/** Oldest server inside the CLI that we run on: the matcher with priorities is its default from here on. */
const MIN_SERVER = { major: 1, minor: 31 }

/** Answers in 0.1 s; the bound is for a first run from a cold disk or under a virus scanner. */
const VERSION_TIMEOUT_MS = 20_000

export const NO_SUCH_FILE = 'there is no such file'

/**
 * Why `path` cannot be used, in words that follow "because"; `undefined` when it can.
 *
 * `temporal --version` prints `temporal version 1.9.1 (Server 1.32.0, UI 2.54.1)`.
 */
export const unusableReason = async (path: string, env: NodeJS.ProcessEnv): Promise<string | undefined> => {
  try {
    await access(path, constants.F_OK)
  } catch {
    return NO_SUCH_FILE
  }
  try {
    await access(path, constants.X_OK)
  } catch {
    return 'it is not executable'
  }
  let stdout: string
  try {
    ;({ stdout } = await promisify(execFile)(path, ['--version'], { env, timeout: VERSION_TIMEOUT_MS }))
  } catch (error) {
    return `it does not run: ${error instanceof Error ? error.message.trim() : String(error)}`
  }
  return versionReason(stdout)
}

const versionReason = (output: string): string | undefined => {
  const [version, major, minor] = /\(Server (\d+)\.(\d+)[^,)]*/.exec(output) ?? []
  if (version === undefined) return `"--version" names no server version, but says "${output.trim().slice(0, 100)}"`
  const old =
    Number(major) < MIN_SERVER.major || (Number(major) === MIN_SERVER.major && Number(minor) < MIN_SERVER.minor)
  if (!old) return undefined
  return `its server is ${version.replace('(Server ', '')}, and ${MIN_SERVER.major}.${MIN_SERVER.minor} or later is needed`
}
