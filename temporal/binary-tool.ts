import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

/** Longest a tool may take: pip downloading 50 MB over a slow line. */
const TOOL_TIMEOUT_MS = 300_000

/** Runs one of the system's tools to its end. Throws with the last line that it wrote to its error output. */
export const runTool = async (name: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<void> => {
  try {
    await promisify(execFile)(name, args, { env, timeout: TOOL_TIMEOUT_MS })
  } catch (error) {
    throw new Error(`${name} ${whatHappened(error as ToolError)}`, { cause: error })
  }
}

interface ToolError extends Error {
  /** Exit code, or the name of the system's error. */
  readonly code?: number | string | null
  readonly killed?: boolean
  readonly stderr?: string
}

const whatHappened = (error: ToolError): string => {
  if (error.code === 'ENOENT') return 'is not installed'
  if (error.killed === true) return `did not finish within ${TOOL_TIMEOUT_MS / 1000} s`
  const lastLine = (error.stderr ?? '').trim().split('\n').at(-1) ?? ''
  return `failed: ${lastLine === '' ? error.message : lastLine}`
}
