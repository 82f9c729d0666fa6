/** What an agent and the control plane tell each other when the agent connects: `POST /v1/agent/session`. */
import * as z from 'zod'
import type { DeploymentRef } from './invocation.js'
import { manifestCommandsSchema } from './manifest.js'
import { resourceNameProblem } from './resource-name.js'

/** It becomes part of the name of a task queue. */
const functionName = z.string().superRefine((name, context) => {
  const problem = name === '' ? undefined : resourceNameProblem('function', name)
  if (problem !== undefined) context.addIssue({ code: 'custom', message: problem })
})

export const agentSessionRequestSchema = z.strictObject({
  /** Which of the deployment's functions this agent runs; empty when it has one only. */
  function: functionName.default(''),
  commands: manifestCommandsSchema,
})

/** What the control plane takes from an agent, which keeps to it. */
export interface AgentLimits {
  /** Polls that it may hold at once. */
  readonly polls: number
  /** Greatest size of a result, as JSON in bytes. */
  readonly maxResultBytes: number
}

/** Where the agent finds its work. */
export interface AgentSession {
  readonly deployment: DeploymentRef
  readonly taskQueue: string
  /** Of Temporal, as the gateway shows it. */
  readonly namespace: string
  readonly limits: AgentLimits
}

/** What `GET /v1/agent/presence` answers. */
export interface AgentPresenceAnswer {
  readonly deployment: DeploymentRef
  /** Whether a control plane holds polls of the connection with this key, or did some seconds ago. */
  readonly receiving: boolean
  /** When the token that asks ends, ISO 8601; `null`: never. The first control planes did not say. */
  readonly tokenExpiresAt?: string | null
}
