/** `/v1/sealing-keys`: what the task tokens of agents are sealed with. */
import { CommandError } from '../../protocol/errors.js'
import { DEFAULT_SEALING_OVERLAP_MS } from '../../protocol/sealing-keys.js'
import type { ApiKeyCall, Route } from '../route.js'
import { parseOverlapMs } from '../tokens/requests.js'

export const SEALING_KEY_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: '/v1/sealing-keys/rotate',
    credential: 'api-key',
    scope: 'admin',
    wholeDeployment: true,
    everyDeployment: true,
    action: 'sealing-keys.rotate',
    mutates: true,
    handle: rotate,
  },
]

async function rotate({ deps, request, response }: ApiKeyCall): Promise<void> {
  const overlapMs = parseOverlapMs(request.body, DEFAULT_SEALING_OVERLAP_MS)
  if (!deps.sealsWithRegistry) {
    throw new CommandError(
      'conflict',
      'this control plane seals with the keys that it was given, not with those of the registry; put a new one in front of ALIEN_SEALING_KEYS instead',
    )
  }
  response.status(201).json(await deps.registry.sealingKeys.rotate(overlapMs))
}
