/** `POST /v1/agent/events`: what an agent's handlers say. Each attempt is proven by its sealed task token. */
import { agentEventsRequestSchema, MAX_EVENT_BYTES, type AgentEvent } from '../../protocol/agent-events.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import type { EventBatch } from '../registry/invocation-events.js'
import type { AgentCall } from '../route.js'

/**
 * Keeps what is proven, and then refuses the call if anything was not.
 *
 * @throws {CommandError} `invalid_request`, or `permission_denied` with the indexes of the batches in question
 */
export async function receiveEvents({ deps, caller, request, response }: AgentCall): Promise<void> {
  const parsed = agentEventsRequestSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad events: ${describeIssues(parsed.error)}`)
  const batches: EventBatch[] = []
  const refused: number[] = []
  for (const [index, { taskToken, first, events }] of parsed.data.batches.entries()) {
    const task = deps.taskOf(Buffer.from(taskToken, 'base64'), caller.deployment.id)
    if (task === undefined) refused.push(index)
    else batches.push({ ...task, first, ...batchOf(events, task.attempt) })
  }
  if (batches.length > 0) await deps.feed.append(batches)
  if (refused.length > 0) {
    throw new CommandError(
      'permission_denied',
      `${refused.length} of ${parsed.data.batches.length} batches have a task token that is not yours, or whose attempt is over`,
      { details: { refused } },
    )
  }
  response.status(204).end()
}

/** @throws {CommandError} `invalid_request` */
export function batchOf(events: readonly AgentEvent[], attempt: number): Pick<EventBatch, 'events' | 'finishes'> {
  const last = events.findIndex(({ type }) => type === 'finished')
  if (last !== -1 && last !== events.length - 1) {
    throw new CommandError('invalid_request', 'bad events: "finished" must be the last')
  }
  const said = last === -1 ? events : events.slice(0, last)
  return {
    events: said.map((event) => ({
      json: textOf(event, attempt),
      count: event.type === 'dropped' ? event.count : 1,
    })),
    finishes: last !== -1,
  }
}

function textOf(event: AgentEvent, attempt: number): string {
  const shown = event.type === 'started' ? { type: 'status', status: 'running' } : event
  let text: string
  try {
    text = JSON.stringify({ ...shown, attempt })
  } catch {
    throw new CommandError('invalid_request', 'bad events: the fields of a line are nested too deeply')
  }
  if (Buffer.byteLength(text) <= MAX_EVENT_BYTES) return text
  throw new CommandError('invalid_request', `bad events: one is over the limit of ${MAX_EVENT_BYTES} bytes`)
}
