import type { KnownDeployment } from '../known-deployments.js'
import type { ApiKeyCall } from '../route.js'

/**
 * The deployment that a caller names by id or name. One that its key does not cover is as unknown as one that is not
 * there: same answer, same suggestions.
 *
 * @throws {CommandError} `deployment_not_found`
 */
export async function findDeployment(
  { deps: { registry, deployments }, caller: { access }, subject }: Pick<ApiKeyCall, 'deps' | 'caller' | 'subject'>,
  idOrName: string,
): Promise<KnownDeployment> {
  const found = await deployments.get(idOrName)
  if (found) {
    subject.isDeployment(found)
    if (access.seesDeployment(found)) return found
    subject.deny()
  }
  throw await registry.deployments.notFound(idOrName, (one) => access.seesDeployment(one))
}
