/** `/v1/deployments`: create, list, look, delete, and what commands they have. */
import { Router } from 'express'
import { z } from 'zod'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import type { Registry } from '../registry/open-registry.js'

const createSchema = z.strictObject({ name: z.string() })

export function deploymentRoutes({ deployments, agentTokens, manifests }: Registry): Router {
  const router = Router()

  router.post('/', async (request, response) => {
    const parsed = createSchema.safeParse(request.body)
    if (!parsed.success) throw new CommandError('invalid_request', `bad deployment: ${describeIssues(parsed.error)}`)
    const deployment = await deployments.create(parsed.data)
    const { token } = await agentTokens.create(deployment.id)
    // The only time the agent token is shown; what is kept is its hash.
    response.status(201).json({ ...deployment, agentToken: token })
  })

  router.get('/', async (_request, response) => {
    response.json({ deployments: await deployments.list() })
  })

  router.get('/:deployment', async (request, response) => {
    response.json(await deployments.find(request.params.deployment))
  })

  router.delete('/:deployment', async (request, response) => {
    await deployments.delete(request.params.deployment)
    response.status(204).end()
  })

  router.get('/:deployment/commands', async (request, response) => {
    const { id, name } = await deployments.find(request.params.deployment)
    const published = await manifests.forDeployment(id)
    const commands = published.flatMap((manifest) => manifest.commands)
    response.json({ deployment: { id, name }, commands: commands.sort((a, b) => a.name.localeCompare(b.name)) })
  })

  return router
}
