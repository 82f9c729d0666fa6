/** Runs `alien doctor`. */
import { readFile } from 'node:fs/promises'
import type { Command } from 'commander'
import type { SettingsOf } from '../../config/settings.js'
import { resolveUrl } from '../../client/options.js'
import { proxyOf } from '../../client/proxy-of.js'
import { controlPlaneChecks } from '../../doctor/control-plane-checks.js'
import { examine, reasonOf, type Check, type Finding, type Level, type Verdict } from '../../doctor/examination.js'
import { fleetChecks } from '../../doctor/fleet-checks.js'
import { networkChecks } from '../../doctor/network-checks.js'
import { Road } from '../../doctor/road.js'
import { certificateChecks, registryChecks, temporalChecks } from '../../doctor/vendor-checks.js'
import { findDevState } from '../../protocol/dev-state.js'
import { CommandError } from '../../protocol/errors.js'
import { AGENT_TOKEN_PREFIX } from '../../protocol/tokens.js'
import { temporalSettings } from '../../temporal/settings.js'
import type { DoctorFlags } from '../commands/doctor.js'
import { colorsFor, print, printJson, showProgress } from '../console.js'
import { printable } from '../printable.js'
import { registryOf, settingsFor, tlsFilesOf } from '../settings.js'

/**
 * By the settings that `alien server`, or an agent, has here.
 *
 * @throws {CommandError} `invalid_request` for a URL that is none, or a token file that cannot be read
 */
export async function runDoctor(command: Command): Promise<void> {
  const flags = command.opts<DoctorFlags>()
  const checks = flags.server === true ? serverChecks(command) : await wayChecks(command)
  const findings: Finding[] = []
  let progress = showProgress('looking')
  for await (const finding of examine(checks)) {
    findings.push(finding)
    progress.stop()
    if (flags.json !== true) print(lineOf(finding))
    progress = showProgress('looking')
  }
  progress.stop()
  const ok = findings.every(({ level }) => level !== 'failure')
  if (flags.json === true) printJson({ ok, findings })
  if (!ok) process.exitCode = 1
}

async function wayChecks(command: Command): Promise<Check[]> {
  const { values } = settingsFor('agent', command)
  const url = resolveUrl(values.url)
  const road = new Road(new URL(url), { proxy: proxyOf(url) })
  const token = await tokenOf(values, url)
  const isApiKey = token !== undefined && !token.startsWith(AGENT_TOKEN_PREFIX)
  return [
    ...networkChecks(road, values.insecurePlaintext),
    ...controlPlaneChecks(road, token),
    ...(isApiKey ? fleetChecks(road, token, command.opts<DoctorFlags>().deployment) : []),
  ]
}

function serverChecks(command: Command): Check[] {
  const settings = () => settingsFor('server', command).values
  return [
    { name: 'settings', run: () => Promise.resolve(checkSettings(settings)) },
    ...temporalChecks(temporalSettings),
    ...certificateChecks(() => tlsFilesOf(settings())),
    ...registryChecks(() => registryOf(settings())),
  ]
}

function checkSettings(settings: () => unknown): Verdict {
  try {
    settings()
    return { level: 'ok', message: 'alien server takes them; alien config print shows them' }
  } catch (error) {
    return { level: 'failure', message: reasonOf(error), remedy: 'correct what it names; alien config print shows all' }
  }
}

async function tokenOf({ token, tokenFile }: SettingsOf<'agent'>, url: string): Promise<string | undefined> {
  if (tokenFile !== undefined) {
    const text = await readFile(tokenFile, 'utf8').catch((error: unknown) => {
      throw new CommandError('invalid_request', `cannot read the token file: ${reasonOf(error)}`)
    })
    return text.trim()
  }
  if (token) return token
  const dev = findDevState()
  return dev?.url === url ? dev.token : undefined
}

const color = colorsFor(process.stdout)
const STYLES: Readonly<Record<Level, (text: string) => string>> = {
  ok: color.green,
  warning: color.yellow,
  failure: color.red,
  skipped: color.dim,
}
const LEVEL_WIDTH = 'skipped'.length
const NAME_WIDTH = 'search attributes'.length

function lineOf({ level, check, message, remedy }: Finding): string {
  const line = `${STYLES[level](level.padEnd(LEVEL_WIDTH))}  ${check.padEnd(NAME_WIDTH)}  ${printable(message)}`
  return remedy === undefined ? line : `${line}\n${' '.repeat(LEVEL_WIDTH + NAME_WIDTH + 4)}→ ${remedy}`
}
