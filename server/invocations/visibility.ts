/** What a list of invocations asks of Temporal's visibility. */
import type { DeploymentRef, InvocationStatus } from '../../protocol/invocation.js'
import { INVOKE_COMMAND_WORKFLOW } from '../../protocol/names.js'
import type { Access } from '../identity/access.js'

/** Temporal knows fewer states than our users; each invocation's own state sorts out the rest. */
const EXECUTION_STATUSES: Record<InvocationStatus, string> = {
  queued: "'Running'",
  running: "'Running'",
  succeeded: "'Completed'",
  failed: "'Failed', 'Terminated', 'TimedOut'",
  canceled: "'Failed', 'Canceled'",
  expired: "'Failed'",
}

export interface ListFilter {
  readonly deployment?: string | undefined
  readonly command?: string | undefined
  readonly status?: InvocationStatus | undefined
}

/** What there is, for patterns that Temporal cannot look for. */
export interface KnownNames {
  readonly deployments: readonly DeploymentRef[]
  readonly commands: Iterable<string>
}

/** Temporal knows how to look for a beginning. */
const isBeginning = (pattern: string): boolean => /^[^*]*\*$/.test(pattern)
const isName = (pattern: string): boolean => !pattern.includes('*')

/** Whether the names of commands have to be known to say what this key may see. */
export const needsCommandNames = ({ patterns, everyCommand }: Access): boolean =>
  !everyCommand && !patterns.commands.every((pattern) => isName(pattern) || isBeginning(pattern))

/**
 * The query for what is filtered by and may be seen, and nothing beyond: neither how full a page is nor its cursor shall
 * tell of others. Names and patterns are checked before they come here: none has a quote in it.
 */
export function visibilityQuery(filter: ListFilter, access: Access, { deployments, commands }: KnownNames): string {
  const { deployment, command, status } = filter
  return [
    `WorkflowType = '${INVOKE_COMMAND_WORKFLOW}'`,
    ...(deployment === undefined ? seenDeployments(access, deployments) : [`AlienDeployment = '${deployment}'`]),
    ...(command === undefined ? seenCommands(access, commands) : [`AlienCommand = '${command}'`]),
    ...(status === undefined ? [] : [`ExecutionStatus IN (${EXECUTION_STATUSES[status]})`]),
  ].join(' AND ')
}

function seenDeployments(access: Access, deployments: readonly DeploymentRef[]): string[] {
  if (access.everyDeployment) return []
  return [
    oneOf(
      'AlienDeployment',
      deployments.filter((one) => access.seesDeployment(one)).map(({ name }) => name),
    ),
  ]
}

function seenCommands(access: Access, known: Iterable<string>): string[] {
  if (access.everyCommand) return []
  const { commands: patterns } = access.patterns
  const names = [...patterns.filter(isName), ...[...known].filter((name) => access.seesCommand(name))]
  const beginnings = patterns.filter(isBeginning).map((pattern) => `AlienCommand STARTS_WITH '${pattern.slice(0, -1)}'`)
  return [`(${[oneOf('AlienCommand', names), ...beginnings].join(' OR ')})`]
}

/** No value is empty, so that of no names there is none. */
const oneOf = (attribute: string, names: readonly string[]): string =>
  `${attribute} IN (${names.length === 0 ? "''" : names.map((name) => `'${name}'`).join(', ')})`
