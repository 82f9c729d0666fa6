/** The settings of a process that runs for long, as flags of its command, and what they come to. */
import { join } from 'node:path'
import { Option, type Command } from 'commander'
import { readConfigFile } from '../config/config-file.js'
import { resolveSettings, type Resolved } from '../config/resolve.js'
import { PROCESSES, type ProcessName, type Setting, type SettingsOf } from '../config/settings.js'
import { stateDir } from '../protocol/dev-state.js'
import { telemetryMistakes, type MetricsAddress } from '../observability/settings.js'

/** Adds its flags. They are read by {@link settingsFor}, with the environment and the configuration file. */
export function withSettings(command: Command, name: ProcessName): Command {
  for (const setting of Object.values<Setting>(PROCESSES[name])) {
    command.addOption(new Option(setting.flag, `${setting.description} (${origins(setting)})`))
  }
  return command
}

const origins = (setting: Setting): string => {
  const otherwise = defaultOf(setting)
  return otherwise === undefined ? `env: ${setting.env}` : `default: ${otherwise}, env: ${setting.env}`
}

/** Of a setting that is not given; `undefined` when there is nothing to say. */
export function defaultOf({ schema, otherwise }: Setting): string | undefined {
  const value: unknown = schema.safeParse(undefined).data
  return typeof value === 'string' || typeof value === 'number' ? String(value) : otherwise
}

/** @throws {CommandError} `invalid_request` with every mistake */
export function settingsFor<Name extends ProcessName>(name: Name, command?: Command): Resolved<Name> {
  const given = Object.entries(command?.opts() ?? {}).filter(([key]) => command?.getOptionValueSource(key) === 'cli')
  return resolveSettings(name, {
    flags: Object.fromEntries(given),
    env: process.env,
    file: readConfigFile(process.env),
    mistakes: telemetryMistakes(process.env),
  })
}

/** Where `alien server` has its registry. */
export const registryOf = ({ databaseUrl: url, stateDir: folder }: SettingsOf<'server'>) =>
  url === undefined ? { file: join(stateDir({ ALIEN_STATE_DIR: folder }), 'registry.db') } : { url }

/** What `alien server` serves TLS with: both files or none. */
export const tlsFilesOf = ({ tlsCert, tlsKey }: SettingsOf<'server'>) =>
  tlsCert === undefined || tlsKey === undefined ? undefined : { certFile: tlsCert, keyFile: tlsKey }

/** Where a process tells Prometheus what it counts. */
export const metricsAddress = ({
  metricsPort: port,
  metricsHost: host,
}: Pick<SettingsOf<'worker'>, 'metricsPort' | 'metricsHost'>): MetricsAddress | undefined =>
  port === undefined ? undefined : { host, port }
