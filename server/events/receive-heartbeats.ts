/** `POST /v1/agent/heartbeats`: of attempts whose handler holds the thread that heartbeats otherwise. */
import { agentHeartbeatsSchema, type AgentHeartbeatsAnswer } from '../../protocol/agent-heartbeats.js'
import type { HeartbeatAnswer } from '../../protocol/attempt-response.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { assertCheckpoint } from '../../protocol/readable-response.js'
import { recordHeartbeat } from '../invocations/record-heartbeat.js'
import type { AgentCall } from '../route.js'

const OVER: HeartbeatAnswer = { cancelRequested: false, final: true }

/** @throws {CommandError} `invalid_request`, `payload_too_large` */
export async function receiveHeartbeats({ deps, caller, request, response }: AgentCall): Promise<void> {
  const parsed = agentHeartbeatsSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad heartbeats: ${describeIssues(parsed.error)}`)
  const { attempts } = parsed.data
  for (const { details } of attempts) if (details?.checkpoint !== undefined) assertCheckpoint(details.checkpoint)
  const { reader } = deps.temporal
  const answers = attempts.map(async ({ taskToken, details }): Promise<HeartbeatAnswer> => {
    const task = deps.taskOf(Buffer.from(taskToken, 'base64'), caller.deployment.id)
    if (task === undefined) return OVER
    const heard = await recordHeartbeat(reader, task, details)
    return heard === 'not_open' ? OVER : { cancelRequested: heard === 'cancel_requested', final: false }
  })
  response.json({ attempts: await Promise.all(answers) } satisfies AgentHeartbeatsAnswer)
}
