/** Where an agent keeps its journal. */
import { join } from 'node:path'
import { CommandError } from '../protocol/errors.js'

/**
 * One file for each deployment, shared by its agents on this machine.
 *
 * @throws {CommandError} `invalid_request` for an id that would lead elsewhere: it is the vendor's word
 */
export function journalFile(stateDir: string, deploymentId: string): string {
  if (!/^[A-Za-z0-9_-]{1,100}$/.test(deploymentId)) {
    throw new CommandError('invalid_request', `the control plane calls this deployment ${JSON.stringify(deploymentId)}`)
  }
  return join(stateDir, 'journal', `${deploymentId}.db`)
}
