/** `/v1/agent`: what an agent may ask of the control plane, for its own deployment only. */
import { agentSessionRequestSchema, type AgentPresenceAnswer, type AgentSession } from '../../protocol/agent-session.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { agentQueue } from '../../protocol/names.js'
import { receiveEvents } from '../events/receive.js'
import { receiveHeartbeats } from '../events/receive-heartbeats.js'
import { MANIFEST_CHANGES } from '../identity/rate-limiter.js'
import { heldOff } from '../refuse-too-many.js'
import type { AgentCall, Route } from '../route.js'

export const AGENT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/agent/session',
    credential: 'agent-token',
    action: 'agent.session',
    mutates: true,
    // An agent may ask as often as it likes.
    audit: 'changes',
    handle: openSession,
  },
  {
    method: 'POST',
    path: '/v1/agent/events',
    credential: 'agent-token',
    action: 'agent.events',
    // Nothing that the audit is about, and several times a second: only what was denied leaves a record.
    mutates: false,
    handle: receiveEvents,
  },
  {
    method: 'POST',
    path: '/v1/agent/heartbeats',
    credential: 'agent-token',
    action: 'agent.heartbeats',
    // As events.
    mutates: false,
    handle: receiveHeartbeats,
  },
  {
    method: 'GET',
    path: '/v1/agent/presence',
    credential: 'agent-token',
    action: 'agent.presence',
    mutates: false,
    handle: tellPresence,
  },
]

/** To an agent, whether the polls of its connection arrive: from its own side, a poll that waits is like one that is lost. */
async function tellPresence({ deps, caller, request, response }: AgentCall): Promise<void> {
  const { id, name } = caller.deployment
  const { key } = request.query
  if (typeof key !== 'string' || key === '') throw new CommandError('invalid_request', 'needs the query "key"')
  const presence: AgentPresenceAnswer = {
    deployment: { id, name },
    receiving: await deps.presence.isReceiving({ deploymentId: id, key }),
    tokenExpiresAt: caller.expiresAt,
  }
  response.json(presence)
}

async function openSession({ deps, caller, subject, request, response }: AgentCall): Promise<void> {
  const { id, name } = caller.deployment
  subject.isDeployment({ id, name })
  const parsed = agentSessionRequestSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad manifest: ${describeIssues(parsed.error)}`)
  const { function: functionName, commands } = parsed.data
  const waitMs = deps.manifestChanges.take(id)
  if (waitMs > 0) throw tooManyChanges({ response }, waitMs)
  if (await deps.registry.manifests.publish(id, functionName, commands)) {
    deps.deployments.forget([id, name])
    subject.changed()
  } else deps.manifestChanges.giveBack(id)
  const session: AgentSession = {
    deployment: { id, name },
    taskQueue: agentQueue(id, functionName),
    namespace: deps.temporal.namespace,
    limits: deps.agentLimits,
  }
  response.json(session)
}

/** Each is written, looked up anew and recorded: what an agent says is to change with a new version of it, not at will. */
const tooManyChanges = (exchange: Pick<AgentCall, 'response'>, waitMs: number): CommandError =>
  heldOff(
    exchange,
    waitMs,
    `the agents of this deployment publish other commands, in turns, more often than every ${1 / MANIFEST_CHANGES.perSecond} s; try again in ${waitMs} ms, or give all of them the same handlers`,
  )
