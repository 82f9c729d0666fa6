/** A look into an agent's journal, from outside. */
import Database from 'libsql'
import { journalFile } from '../../workers/journal-file.js'

export interface NotedRun {
  readonly stateDir: string
  readonly deploymentId: string
  readonly invocationId: string
}

/** Whether the agent has noted what the invocation came to. */
export function hasNoted({ stateDir, deploymentId, invocationId }: NotedRun): boolean {
  const journal = new Database(journalFile(stateDir, deploymentId), { readonly: true })
  try {
    const noted = journal.prepare('select 1 from runs where invocation_id = ? and outcome is not null')
    return noted.get(invocationId) !== undefined
  } finally {
    journal.close()
  }
}
