import { ownProbe, type Probes } from '../observability/readiness.js'
import { CommandError } from '../protocol/errors.js'
import type { AgentService } from './agent-service.js'

/** What an agent needs to be ready. The control plane is asked, for only it can tell whether the agent's polls arrive. */
export const agentProbes = (service: Pick<AgentService, 'isReceiving'>, stop: AbortSignal): Probes => ({
  polls: {
    ask: async () => {
      if (!(await service.isReceiving())) throw new Error('the polls of this agent do not arrive at the control plane')
    },
    reasonOf: (error) => {
      if (!(error instanceof CommandError)) return (error as Error).message
      return error.code === 'unauthenticated'
        ? 'the control plane refuses the agent token'
        : 'the control plane does not answer'
    },
  },
  process: ownProbe(() => (stop.aborted ? 'shutting down' : undefined)),
})
