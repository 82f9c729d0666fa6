/** `POST /v1/agent/heartbeats`: of attempts whose handler holds the thread that heartbeats otherwise. */
import { agentHeartbeatsSchema, type AgentHeartbeatsAnswer } from '../../protocol/agent-heartbeats.js'
import type { HeartbeatAnswer } from '../../protocol/attempt-response.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { assertCheckpoint } from '../../protocol/readable-response.js'
import { recordHeartbeat, type Heard } from '../invocations/record-heartbeat.js'
import { refuseTooMany } from '../refuse-too-many.js'
import type { AgentCall } from '../route.js'

const OVER: HeartbeatAnswer = { cancelRequested: false, final: true }

/** @throws {CommandError} `invalid_request`, `payload_too_large`, `rate_limited` */
export async function receiveHeartbeats({ deps, caller, request, response }: AgentCall): Promise<void> {
  const parsed = agentHeartbeatsSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad heartbeats: ${describeIssues(parsed.error)}`)
  const { attempts } = parsed.data
  for (const { details } of attempts) if (details?.checkpoint !== undefined) assertCheckpoint(details.checkpoint)
  const { reader } = deps.temporal
  const heard = new Map<string, Promise<HeartbeatAnswer>>()
  const answers = attempts.map(({ taskToken, details }): Promise<HeartbeatAnswer> => {
    const task = deps.taskOf(Buffer.from(taskToken, 'base64'), caller.deployment.id)
    if (task === undefined) return Promise.resolve(OVER)
    const key = `${task.invocationId}/${task.attempt}`
    const known = heard.get(key)
    if (known !== undefined) return known
    // Each is a call to Temporal, whose limits are for all deployments together.
    refuseTooMany({ response }, deps.agentRateLimiter, deps.agentRateLimiter.countToken(caller.tokenId), 'this token')
    const answer = recordHeartbeat(reader, task, details).then(answerTo)
    // Those that were sent before one too many are not waited for.
    answer.catch(() => undefined)
    heard.set(key, answer)
    return answer
  })
  response.json({ attempts: await Promise.all(answers) } satisfies AgentHeartbeatsAnswer)
}

const answerTo = (heard: Heard): HeartbeatAnswer =>
  heard === 'not_open' ? OVER : { cancelRequested: heard === 'cancel_requested', final: false }
