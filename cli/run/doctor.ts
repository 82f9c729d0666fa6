/** Runs `alien doctor`. */
import { readFile } from 'node:fs/promises'
import { resolveUrl } from '../../client/options.js'
import { allowsPlaintext } from '../../client/private-url.js'
import { controlPlaneChecks } from '../../doctor/control-plane-checks.js'
import { examine, reasonOf, type Check, type Finding, type Level } from '../../doctor/examination.js'
import { fleetChecks } from '../../doctor/fleet-checks.js'
import { networkChecks } from '../../doctor/network-checks.js'
import { Road } from '../../doctor/road.js'
import { registryChecks, temporalChecks } from '../../doctor/vendor-checks.js'
import { findDevState } from '../../protocol/dev-state.js'
import { CommandError } from '../../protocol/errors.js'
import { AGENT_TOKEN_PREFIX } from '../../protocol/tokens.js'
import { temporalSettings } from '../../temporal/settings.js'
import type { DoctorFlags } from '../commands/doctor.js'
import { colorsFor, print, printJson, showProgress } from '../console.js'
import { printable } from '../printable.js'

/** @throws {CommandError} `invalid_request` for a URL that is none, or a token file that cannot be read */
export async function runDoctor(flags: DoctorFlags): Promise<void> {
  const checks = flags.server === true ? serverChecks(flags) : await wayChecks(flags)
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

async function wayChecks(flags: DoctorFlags): Promise<Check[]> {
  const url = resolveUrl(flags.url)
  const road = new Road(new URL(url))
  const token = await tokenOf(flags, url)
  const isApiKey = token !== undefined && !token.startsWith(AGENT_TOKEN_PREFIX)
  return [
    ...networkChecks(road, allowsPlaintext(flags.insecurePlaintext)),
    ...controlPlaneChecks(road, token),
    ...(isApiKey ? fleetChecks(road, token, flags.deployment) : []),
  ]
}

function serverChecks({ databaseUrl }: DoctorFlags): Check[] {
  return [...temporalChecks(temporalSettings()), ...(databaseUrl === undefined ? [] : registryChecks(databaseUrl))]
}

async function tokenOf({ token, tokenFile }: DoctorFlags, url: string): Promise<string | undefined> {
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
