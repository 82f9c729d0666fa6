/** Names and ids that more than one process must spell alike. */
import { CommandError } from './errors.js'

/** Where a control plane listens, and is looked for, unless told otherwise. */
export const DEFAULT_PORT = 7700

/** Temporal task queue of the vendor worker: every `invokeCommand` workflow. */
export const COMMANDS_QUEUE = 'commands'

/** Workflow type of an invocation. */
export const INVOKE_COMMAND_WORKFLOW = 'invokeCommand'

/** Failure type by which a stopping agent gives an unfinished attempt back for redelivery. */
export const AGENT_STOPPING = 'agent_stopping'

/** Failure type by which a task is given back that ran nothing: its agent was gone when it came, or about to stop. */
export const TASK_NOT_DELIVERED = 'task_not_delivered'

/** Activity of the vendor worker that sends an attempt to where its deployment is pushed to. */
export const PUSH_ACTIVITY = 'pushCommand'

/** Failure type of a {@link PUSH_ACTIVITY} whose attempt was sent, or not: the service did not say. */
export const DELIVERY_UNCONFIRMED = 'delivery_unconfirmed'

/** Signal by which the workflow of an invocation is told what an attempt came to that was pushed. */
export const RESPONSE_SIGNAL = 'response'

/** Id of the activity of an attempt. */
export const attemptActivityId = (attempt: number): string => `attempt-${attempt}`

/** `code` in the details of a `command_failed` that the customer's kill switch ended; never run again by itself. */
export const STOPPED_BY_POLICY = 'stopped_by_customer_policy'

/** gRPC metadata by which an agent says where it runs and which version it is. */
/** By which an agent knows one of its connections, to ask whether its polls arrive. */
export const AGENT_KEY_HEADER = 'alien-agent-key'
export const AGENT_HOST_HEADER = 'alien-agent-host'
export const AGENT_VERSION_HEADER = 'alien-agent-version'

/** Search attributes of an invocation, all keywords, set once at the start. */
export const SEARCH_ATTRIBUTES = { AlienDeployment: 'Keyword', AlienCommand: 'Keyword' } as const

/**
 * The Temporal task queue of a deployment's agents. A deployment that runs several functions has one queue for each,
 * since the agents that share a queue must all know the same commands.
 */
export const agentQueue = (deploymentId: string, functionName = ''): string =>
  functionName === '' ? `deployment-${deploymentId}` : `deployment-${deploymentId}/${functionName}`

const COMMAND_NAME = /^[A-Za-z][A-Za-z0-9._-]{0,99}$/

/** Whether it is written as names of commands are; some of those are reserved. */
export const isCommandName = (name: unknown): name is string => typeof name === 'string' && COMMAND_NAME.test(name)

/** Throws `invalid_request` unless `name` can name a command. The name is also the Temporal activity type. */
export function assertCommandName(name: unknown): asserts name is string {
  if (!isCommandName(name)) {
    throw new CommandError(
      'invalid_request',
      `command name ${quoted(name)} must start with a letter and have at most 100 letters, digits, ".", "_" or "-"`,
    )
  }
  if (name === 'default' || name.startsWith('alien.')) {
    throw new CommandError('invalid_request', `command name "${name}" is reserved; choose another`)
  }
}

const INVOCATION_ID = /^inv_[A-Za-z0-9._-]{16,180}$/

export const isInvocationId = (id: unknown): id is string => typeof id === 'string' && INVOCATION_ID.test(id)

/** Throws `invalid_request` unless `id` can name an invocation. It is also the Temporal workflow id. */
export function assertInvocationId(id: unknown): asserts id is string {
  if (!isInvocationId(id)) {
    throw new CommandError(
      'invalid_request',
      `invocation id ${quoted(id)} must be "inv_" and 16 to 180 letters, digits, ".", "_" or "-"`,
    )
  }
}

/**
 * An invocation id that a person can read in Temporal's Web UI: `inv_generate-report_2f6c…`.
 * `unique` is 128 random bits, or a digest of what makes the call the same call.
 */
export const invocationId = (command: string, unique: string): string => `inv_${command}_${unique}`

const quoted = (value: unknown): string => (typeof value === 'string' ? JSON.stringify(value) : String(value))
