/** `/v1/agent`: what an agent may ask of the control plane, for its own deployment only. */
import { Router } from 'express'
import { agentSessionRequestSchema, type AgentSession } from '../../protocol/agent-session.js'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { agentQueue } from '../../protocol/names.js'
import { authenticatedDeployment } from '../middleware/authenticate.js'
import type { Registry } from '../registry/open-registry.js'
import type { TemporalClients } from '../temporal-clients.js'

export function agentRoutes({ deployments, manifests }: Registry, { namespace }: TemporalClients): Router {
  const router = Router()

  router.post('/session', async (request, response) => {
    const parsed = agentSessionRequestSchema.safeParse(request.body)
    if (!parsed.success) throw new CommandError('invalid_request', `bad manifest: ${describeIssues(parsed.error)}`)
    const { function: functionName, commands } = parsed.data
    const { id, name } = await deployments.find(authenticatedDeployment(response))
    await manifests.publish(id, functionName, commands)
    const session: AgentSession = {
      deployment: { id, name },
      taskQueue: agentQueue(id, functionName),
      namespace,
    }
    response.json(session)
  })

  return router
}
