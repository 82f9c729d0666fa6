import { INVOKE_COMMAND_WORKFLOW } from '../../protocol/names.js'
import { answerWithin } from '../../observability/answer-within.js'
import type { TemporalClients } from '../temporal-clients.js'

/** Temporal answers ten such questions a second for all of a namespace. */
const BELIEVED_MS = 10_000

/** How many invocations have no outcome yet, here or elsewhere; asked again after 10 s. */
export function openInvocations({ reader }: Pick<TemporalClients, 'reader'>): () => Promise<number> {
  let askedMs = -Infinity
  let answer: Promise<number> | undefined
  return () => {
    if (answer === undefined || performance.now() - askedMs > BELIEVED_MS) {
      askedMs = performance.now()
      answer = count(reader)
      answer.catch(() => (answer = undefined))
    }
    return answer
  }
}

async function count(reader: TemporalClients['reader']): Promise<number> {
  const query = `WorkflowType = '${INVOKE_COMMAND_WORKFLOW}' AND ExecutionStatus = 'Running'`
  const counted = await answerWithin((deadlineMs) =>
    reader.withDeadline(deadlineMs, () => reader.workflow.count(query)),
  )
  return counted.count
}
