import { isInvocationId } from '../protocol/names.js'
import { fieldsOf } from './wire.js'

/** Which attempt of which invocation a task is. */
export interface Task {
  readonly invocationId: string
  readonly attempt: number
}

/** Fields of `Task` in Temporal's own token.proto, which are not part of its API and yet have been the same for years. */
const WORKFLOW_ID = 2
const ACTIVITY_ID = 6

/** What Temporal's own task token says; `undefined` for one that is no attempt of an invocation. */
export function taskOf(token: Uint8Array): Task | undefined {
  let invocationId = ''
  let activityId = ''
  for (const { id, content } of fieldsOf(token)) {
    if (id === WORKFLOW_ID && content) invocationId = Buffer.from(content).toString()
    if (id === ACTIVITY_ID && content) activityId = Buffer.from(content).toString()
  }
  const [, attempt] = /^attempt-(\d{1,6})$/.exec(activityId) ?? []
  return isInvocationId(invocationId) && attempt !== undefined ? { invocationId, attempt: Number(attempt) } : undefined
}
