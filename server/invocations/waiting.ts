/** What invocations that are queued wait for, as Temporal and the polls of agents tell. */
import type { WorkflowExecutionDescription } from '@temporalio/client'
import { defaultPayloadConverter } from '@temporalio/common'
import { optionalTsToMs, requiredTsToMs } from '@temporalio/common/lib/time.js'
import proto from '@temporalio/proto'
import type { DeploymentRef, Waiting } from '../../protocol/invocation.js'
import { INVOKE_COMMAND_WORKFLOW } from '../../protocol/names.js'
import type { AgentPresence } from '../registry/agents.js'
import { isBegun, isPushed, newestAttempt, type PendingActivity } from './pending-attempt.js'
import type { InvocationDeps } from './service.js'

// Node finds no named exports in this CommonJS module.
const { EventType } = proto.temporal.api.enums.v1

/** A back-off is among the last events of its workflow. */
const NEWEST_EVENTS = 10

/** For one call: what is asked of a deployment is asked once, however many of its invocations wait. */
export class Waits {
  readonly #deps: InvocationDeps
  readonly #counts: boolean
  readonly #deployments = new Map<string, Promise<Pick<Waiting, 'for' | 'since' | 'message'>>>()

  /** @param counts whether to tell how many invocations a deployment has: Temporal takes few questions of that kind */
  constructor(deps: InvocationDeps, { counts }: { readonly counts: boolean }) {
    this.#deps = deps
    this.#counts = counts
  }

  /** Of an invocation that is queued. */
  async of(
    { raw, workflowId, runId }: WorkflowExecutionDescription,
    deployment: DeploymentRef,
    isTaken: boolean,
  ): Promise<Waiting> {
    if (isTaken) return { for: 'turn', message: 'as many of this command as its agent runs at a time are running' }
    const { activity } = newestAttempt(raw) ?? {}
    if (activity === undefined) return this.#betweenAttempts(workflowId, runId)
    if (isPushed(activity)) return isBegun(activity) ? unheard(activity) : NO_VENDOR_WORKER
    const known = this.#deployments.get(deployment.id) ?? this.#agentsOf(deployment)
    this.#deployments.set(deployment.id, known)
    const queuedAtMs = optionalTsToMs(activity.scheduledTime)
    return { ...(queuedAtMs === undefined ? {} : { since: iso(queuedAtMs) }), ...(await known) }
  }

  async #agentsOf({ id, name }: DeploymentRef): Promise<Pick<Waiting, 'for' | 'since' | 'message'>> {
    const agents = (await this.#deps.registry.agents.list(id)).get(id) ?? []
    const online = agents.filter((agent) => agent.online).length
    if (online === 0) return { for: 'agent', message: noAgentOnline(name, agents[0]) }
    const agentsText = online === 1 ? '1 agent is online' : `${online} agents are online`
    if (!this.#counts) return { for: 'free_agent', message: `${agentsText}, and may be busy` }
    const { count } = await this.#deps.temporal.reader.workflow.count(
      `WorkflowType = '${INVOKE_COMMAND_WORKFLOW}' AND AlienDeployment = '${name}' AND ExecutionStatus = 'Running'`,
    )
    return { for: 'free_agent', message: `${agentsText}, and may be busy: ${count} are running or queued there` }
  }

  async #betweenAttempts(workflowId: string, runId: string): Promise<Waiting> {
    const { reader, namespace } = this.#deps.temporal
    const { history } = await reader.workflowService.getWorkflowExecutionHistoryReverse({
      namespace,
      execution: { workflowId, runId },
      maximumPageSize: NEWEST_EVENTS,
    })
    const last = history?.events?.find(({ eventType }) => LAST_STEPS.has(eventType ?? 0))
    if (last?.timerStartedEventAttributes) {
      const sinceMs = requiredTsToMs(last.eventTime, 'eventTime')
      const untilMs =
        sinceMs + requiredTsToMs(last.timerStartedEventAttributes.startToFireTimeout, 'startToFireTimeout')
      const { summary } = last.userMetadata ?? {}
      const what = summary ? defaultPayloadConverter.fromPayload<string>(summary) : 'back-off'
      return { for: 'back_off', since: iso(sinceMs), until: iso(untilMs), message: `${what}, until ${iso(untilMs)}` }
    }
    return NO_VENDOR_WORKER
  }
}

/** Of the newest of these it depends what a workflow without an attempt under way waits for. */
const LAST_STEPS: ReadonlySet<number> = new Set([
  EventType.EVENT_TYPE_TIMER_STARTED,
  EventType.EVENT_TYPE_TIMER_FIRED,
  EventType.EVENT_TYPE_TIMER_CANCELED,
  EventType.EVENT_TYPE_ACTIVITY_TASK_SCHEDULED,
])

const NO_VENDOR_WORKER: Waiting = {
  for: 'vendor_worker',
  message: 'a vendor worker has not taken its next step yet',
}

function unheard({ lastStartedTime }: PendingActivity): Waiting {
  const sentAtMs = optionalTsToMs(lastStartedTime)
  return {
    for: 'handler',
    ...(sentAtMs === undefined ? {} : { since: iso(sentAtMs) }),
    message: 'it was sent, and its handler was not heard of yet',
  }
}

const iso = (timeMs: number): string => new Date(timeMs).toISOString()

/** @param newest the agent that was seen last, if there ever was one */
export const noAgentOnline = (deployment: string, newest: AgentPresence | undefined): string =>
  newest === undefined
    ? `no agent of "${deployment}" was ever online`
    : `no agent of "${deployment}" is online; the last was seen at ${newest.lastSeenAt}`
