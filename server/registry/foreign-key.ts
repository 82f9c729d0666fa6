import { CommandError } from '../../protocol/errors.js'

/** What SQLite and PostgreSQL call a row that refers to none. */
const FOREIGN_KEY_VIOLATIONS = ['SQLITE_CONSTRAINT_FOREIGNKEY', '23503']

/** Awaits a write to a table that belongs to deployments. @throws `deployment_not_found` when there is no such one. */
export async function orDeploymentNotFound(deploymentId: string, write: Promise<unknown>): Promise<void> {
  try {
    await write
  } catch (error) {
    const { code } = error as { code?: unknown }
    if (typeof code !== 'string' || !FOREIGN_KEY_VIOLATIONS.includes(code)) throw error
    throw deploymentNotFound(deploymentId)
  }
}

export const deploymentNotFound = (deploymentId: string): CommandError =>
  new CommandError('deployment_not_found', `no deployment "${deploymentId}"; it may just have been deleted`)
