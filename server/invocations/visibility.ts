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
  canceled: "'Canceled'",
  expired: "'Failed'",
}

export interface ListFilter {
  readonly deployment?: string | undefined
  readonly command?: string | undefined
  readonly status?: InvocationStatus | undefined
}

/**
 * The query for what is filtered by and may be seen. Names and patterns are checked before they come here: none has a
 * quote in it.
 *
 * @param deployments all there are, where the key is for some only
 */
export function visibilityQuery(filter: ListFilter, access: Access, deployments: readonly DeploymentRef[]): string {
  const { deployment, command, status } = filter
  return [
    `WorkflowType = '${INVOKE_COMMAND_WORKFLOW}'`,
    ...(deployment === undefined ? seenDeployments(access, deployments) : [`AlienDeployment = '${deployment}'`]),
    ...(command === undefined ? seenCommands(access) : [`AlienCommand = '${command}'`]),
    ...(status === undefined ? [] : [`ExecutionStatus IN (${EXECUTION_STATUSES[status]})`]),
  ].join(' AND ')
}

/** By name, one by one: how many others there are shall not show in how full a page is. */
function seenDeployments(access: Access, deployments: readonly DeploymentRef[]): string[] {
  if (access.everyDeployment) return []
  const names = deployments.filter((one) => access.seesDeployment(one)).map(({ name }) => `'${name}'`)
  return [`AlienDeployment IN (${names.length === 0 ? "''" : names.join(', ')})`]
}

/** By how they begin; what else a pattern asks is looked at in each invocation. */
function seenCommands(access: Access): string[] {
  if (access.everyCommand) return []
  const terms = access.patterns.commands.map((pattern) =>
    pattern.includes('*')
      ? `AlienCommand STARTS_WITH '${pattern.slice(0, pattern.indexOf('*'))}'`
      : `AlienCommand = '${pattern}'`,
  )
  return [`(${terms.join(' OR ')})`]
}
