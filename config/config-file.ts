/** `alien.config.json`: settings by process, as in `{"server": {"port": 7700}}`. */
import { readFileSync } from 'node:fs'
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'

export interface ConfigFile {
  /** As it was named. */
  readonly path: string
  readonly content: Readonly<Record<string, unknown>>
}

const CONFIG_FILE_NAME = 'alien.config.json'

/** The file that `ALIEN_CONFIG` names, which must be there, else that of the current folder, if there is one. */
export function readConfigFile(env: Readonly<Record<string, string | undefined>>): ConfigFile | undefined {
  const named = env['ALIEN_CONFIG']
  const path = named || CONFIG_FILE_NAME
  let text: string
  try {
    text = readFileSync(path, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'ENOENT' && !named) return undefined
    throw new CommandError('invalid_request', `cannot read the configuration file ${path}: ${String(code)}`)
  }
  const content = parsed(text)
  if (isPlainObject(content)) return { path, content }
  throw new CommandError('invalid_request', `${path} must be JSON, an object with "server", "worker" or "agent"`)
}

/** What the parser says of a text that is no JSON quotes it, and it may hold secrets. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
