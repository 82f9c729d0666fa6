import type { DeploymentRef } from '../protocol/invocation.js'

/** Who calls, as its token says. */
export interface Agent {
  readonly tokenId: string
  readonly deployment: DeploymentRef
  /** Task queues of the deployment's functions, and nobody else's. */
  readonly queues: ReadonlySet<string>
}

/** What an agent says of itself; believed, for it is for people to read. */
export interface AgentAbout {
  readonly host: string
  readonly version: string
  /** What it calls the connection; empty when it does not. */
  readonly key: string
}

/** What Temporal's Web UI and `temporal worker list` show of an agent, whatever it calls itself. */
export const identityOf = ({ deployment, tokenId }: Agent): string => `agent/${deployment.name}/${tokenId}`
