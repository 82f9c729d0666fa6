/** What the settings of a process come to: flag, else variable, else configuration file, else default. */
import { CommandError } from '../protocol/errors.js'
import { isPlainObject } from '../protocol/json.js'
import { nearest, nearestHint } from '../protocol/suggest.js'
import type { ConfigFile } from './config-file.js'
import { CONFLICTS, PROCESSES, type ProcessName, type Setting, type SettingsOf } from './settings.js'

/** Where they are given. */
export interface Given {
  /** Those of the command line, by the settings' names. */
  readonly flags: Readonly<Record<string, unknown>>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly file?: ConfigFile | undefined
  /** What is wrong with variables that are none of these settings. */
  readonly mistakes?: readonly string[]
}

interface Origin {
  /** As it was given. */
  readonly text: string | undefined
  /** `--port`, `ALIEN_PORT`, `alien.config.json`, or `default`. */
  readonly source: string
}

export interface Resolved<Name extends ProcessName> {
  readonly values: SettingsOf<Name>
  readonly origins: Readonly<Record<string, Origin>>
}

/** @throws {CommandError} `invalid_request` with every mistake, a line each */
export function resolveSettings<Name extends ProcessName>(name: Name, given: Given): Resolved<Name> {
  const settings = Object.entries<Setting>(PROCESSES[name])
  const section = sectionOf(name, given.file)
  const mistakes = [...strangers(name, given.file)]
  const values: Record<string, unknown> = {}
  const origins: Record<string, Origin> = {}
  for (const [key, setting] of settings) {
    const origin = originOf(key, setting, given, section)
    const parsed = setting.schema.safeParse(origin.text)
    origins[key] = origin
    if (parsed.success) values[key] = parsed.data
    else mistakes.push(mistakeOf(key, setting, origin, parsed.error.issues[0]?.message ?? 'is wrong'))
  }
  mistakes.push(...CONFLICTS[name](values as SettingsOf<Name>))
  mistakes.push(...(given.mistakes ?? []))
  if (mistakes.length > 0) throw new CommandError('invalid_request', described(mistakes))
  return { values: values as SettingsOf<Name>, origins }
}

function originOf(
  key: string,
  { flag, env }: Setting,
  given: Given,
  section: Readonly<Record<string, unknown>>,
): Origin {
  const flagged = textOf(given.flags[key])
  if (flagged !== undefined) return { text: flagged, source: flag.split(' ')[0] ?? flag }
  // An empty variable is one that is not set.
  if (given.env[env]) return { text: given.env[env], source: env }
  const filed = textOf(section[key])
  if (filed !== undefined) return { text: filed, source: given.file?.path ?? '' }
  return { text: undefined, source: 'default' }
}

/** Of what may be one; {@link strangers} tells of anything else. */
const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean' ? String(value) : undefined

const sectionOf = (name: ProcessName, file: ConfigFile | undefined): Readonly<Record<string, unknown>> => {
  const section = file?.content[name]
  return isPlainObject(section) ? section : {}
}

/** What the file has and nobody reads. */
function* strangers(name: ProcessName, file: ConfigFile | undefined): Generator<string> {
  if (file === undefined) return
  for (const key of Object.keys(file.content)) {
    if (!Object.hasOwn(PROCESSES, key)) yield `${file.path}: there is no process "${key}"${hint(key, PROCESSES)}`
  }
  const section = file.content[name]
  if (section !== undefined && !isPlainObject(section)) yield `${file.path}: "${name}" must be an object of settings`
  for (const [key, value] of Object.entries(sectionOf(name, file))) {
    if (!Object.hasOwn(PROCESSES[name], key))
      yield `${file.path}: ${name} has no setting "${key}"${hint(key, PROCESSES[name])}`
    else if (textOf(value) === undefined) {
      yield `${file.path}: ${name}.${key} must be a text, a number, true or false`
    }
  }
}

function hint(key: string, known: object): string {
  const near = nearest(key, Object.keys(known), 1)
  return near.length === 0 ? '' : `; ${nearestHint(near)}`
}

function mistakeOf(key: string, { secret }: Setting, { text, source }: Origin, message: string): string {
  const where = source.endsWith('.json') ? `${source}: ${key}` : source
  return secret ? `${where} ${message}` : `${where} ${JSON.stringify(withoutPassword(text))} ${message}`
}

/** A URL that is refused for having a password must not be what shows it, with a `/` in the password or no scheme either. */
const withoutPassword = (text: string | undefined): string | undefined =>
  text?.replace(/^([a-z]+:\/\/)?.*@/i, '$1[hidden]@')

const described = (mistakes: readonly string[]): string =>
  mistakes.length === 1 ? (mistakes[0] ?? '') : `${mistakes.length} settings are wrong:\n  ${mistakes.join('\n  ')}`
