import type { Deployment } from '../registry/deployments.js'
import type { ApiKeyCall } from '../route.js'

/**
 * The deployment that a caller names by id or name. One that its key does not cover is as unknown as one that is not
 * there: same answer, same work.
 *
 * @throws {CommandError} `deployment_not_found`
 */
export async function findDeployment(
  { deps: { registry }, caller: { access }, subject }: Pick<ApiKeyCall, 'deps' | 'caller' | 'subject'>,
  idOrName: string,
): Promise<Deployment> {
  const found = await registry.deployments.lookUp(idOrName)
  if (found) {
    subject.isDeployment(found)
    if (access.seesDeployment(found)) return found
    subject.deny()
  }
  throw await registry.deployments.notFound(idOrName, (one) => access.seesDeployment(one))
}
