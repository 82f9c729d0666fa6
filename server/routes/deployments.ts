/** `/v1/deployments`: create, list, look, delete, how commands come to them, and what commands they have. */
import type { Request } from 'express'
import { z } from 'zod'
import { CommandError } from '../../protocol/errors.js'
import { describeIssues } from '../../protocol/issues.js'
import { manifestCommandsSchema } from '../../protocol/manifest.js'
import { transportSchema } from '../../protocol/transport.js'
import { findDeployment } from '../identity/find-deployment.js'
import type { AgentPresence } from '../registry/agents.js'
import type { Deployment } from '../registry/deployments.js'
import { bodyFields, pathParam } from '../request-fields.js'
import type { ApiKeyCall, Route } from '../route.js'

const named = (request: Request) => ({ deployment: pathParam(request, 'deployment') })

export const DEPLOYMENT_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/deployments',
    credential: 'api-key',
    scope: 'operate',
    wholeDeployment: true,
    action: 'deployments.create',
    mutates: true,
    claims: (request) => ({ deployment: bodyFields(request)['name'] }),
    handle: create,
  },
  {
    method: 'GET',
    path: '/v1/deployments',
    credential: 'api-key',
    scope: 'read',
    action: 'deployments.list',
    mutates: false,
    handle: list,
  },
  {
    method: 'GET',
    path: '/v1/deployments/:deployment',
    credential: 'api-key',
    scope: 'read',
    action: 'deployments.get',
    mutates: false,
    claims: named,
    handle: get,
  },
  {
    method: 'DELETE',
    path: '/v1/deployments/:deployment',
    credential: 'api-key',
    scope: 'operate',
    wholeDeployment: true,
    action: 'deployments.delete',
    mutates: true,
    claims: named,
    handle: remove,
  },
  {
    method: 'PUT',
    path: '/v1/deployments/:deployment/transport',
    credential: 'api-key',
    scope: 'operate',
    wholeDeployment: true,
    action: 'deployments.update',
    mutates: true,
    claims: named,
    handle: setTransport,
  },
  {
    method: 'GET',
    path: '/v1/deployments/:deployment/commands',
    credential: 'api-key',
    scope: 'read',
    action: 'deployments.commands',
    mutates: false,
    claims: named,
    handle: commands,
  },
]

/** Under which the commands of a push deployment are kept: it has one function. */
const SOLE_FUNCTION = ''

/** What no agent publishes has to be told. */
const commandsField = manifestCommandsSchema.optional()

const createSchema = z.strictObject({
  name: z.string(),
  transport: transportSchema.default({ kind: 'pull' }),
  commands: commandsField,
})

const setTransportSchema = z.strictObject({ transport: transportSchema, commands: commandsField })

async function create({ deps, caller, subject, request, response }: ApiKeyCall): Promise<void> {
  const { deployments, agentTokens, manifests } = deps.registry
  const parsed = createSchema.safeParse(request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad deployment: ${describeIssues(parsed.error)}`)
  const { name, transport, commands } = parsed.data
  // Told by the name alone: whether it is taken is not for this key to know.
  if (!caller.access.seesDeployment({ id: '', name })) {
    throw new CommandError(
      'permission_denied',
      `the API key "${caller.name}" may not create a deployment named ${JSON.stringify(name)}; its deployments are ${caller.access.patterns.deployments.join(', ')}`,
    )
  }
  const deployment = await deployments.create({ name, transport })
  subject.isDeployment(deployment)
  if (commands !== undefined) await manifests.publish(deployment.id, SOLE_FUNCTION, commands)
  if (transport.kind !== 'pull') {
    response.status(201).json(deployment)
    return
  }
  const { id: agentTokenId, token } = await agentTokens.create(deployment.id)
  subject.isToken(agentTokenId)
  // The only time the agent token is shown; what is kept is its hash.
  response.status(201).json({ ...deployment, agentTokenId, agentToken: token })
}

async function list({ deps, caller, response }: ApiKeyCall): Promise<void> {
  const [all, agents] = await Promise.all([deps.registry.deployments.list(), deps.registry.agents.list()])
  const seen = all.filter((one) => caller.access.seesDeployment(one))
  response.json({ deployments: seen.map((one) => withPresence(one, agents.get(one.id))) })
}

async function get(call: ApiKeyCall): Promise<void> {
  const deployment = await findDeployment(call, pathParam(call.request, 'deployment'))
  const agents = await call.deps.registry.agents.list(deployment.id)
  call.response.json(withPresence(deployment, agents.get(deployment.id)))
}

/** Online is a deployment with an agent that is receiving. */
const withPresence = (deployment: Deployment, agents: readonly AgentPresence[] = []) => ({
  ...deployment,
  online: agents.some(({ online }) => online),
  ...(agents[0] === undefined ? {} : { lastSeenAt: agents[0].lastSeenAt }),
  agents,
})

async function remove(call: ApiKeyCall): Promise<void> {
  const { id } = await findDeployment(call, pathParam(call.request, 'deployment'))
  await call.deps.registry.deployments.delete(id)
  call.deps.authenticator.forget()
  call.deps.deployments.forget()
  call.response.status(204).end()
}

async function setTransport(call: ApiKeyCall): Promise<void> {
  const { id } = await findDeployment(call, pathParam(call.request, 'deployment'))
  const parsed = setTransportSchema.safeParse(call.request.body)
  if (!parsed.success) throw new CommandError('invalid_request', `bad transport: ${describeIssues(parsed.error)}`)
  const { transport, commands } = parsed.data
  const { deployments, manifests } = call.deps.registry
  const before = await deployments.find(id)
  const deployment = await deployments.setTransport(id, transport)
  // What was served the old way, agents' functions or the one of the cloud, says nothing of what is there now.
  if ((before.transport?.kind ?? 'pull') !== transport.kind) await manifests.forget(id)
  if (commands !== undefined) await manifests.publish(id, SOLE_FUNCTION, commands)
  call.deps.deployments.forget()
  call.response.json(deployment)
}

async function commands(call: ApiKeyCall): Promise<void> {
  const { id, name } = await findDeployment(call, pathParam(call.request, 'deployment'))
  const published = await call.deps.registry.manifests.forDeployment(id)
  const seen = published
    .flatMap((manifest) => manifest.commands)
    .filter((command) => call.caller.access.seesCommand(command.name))
  call.response.json({ deployment: { id, name }, commands: seen.sort((a, b) => a.name.localeCompare(b.name)) })
}
