/** What a call needs to know of the deployment it names, in one look-up. */
import { BrieflyKnown } from './briefly-known.js'
import type { Deployment } from './registry/deployments.js'
import type { CommandOutline } from './registry/manifests.js'
import type { Registry } from './registry/open-registry.js'

export interface KnownCommand extends CommandOutline {
  readonly functionName: string
}

export interface KnownDeployment extends Deployment {
  /** `undefined` when no agent has published any yet. */
  readonly commands: readonly KnownCommand[] | undefined
}

/** By id or name. */
export type KnownDeployments = BrieflyKnown<KnownDeployment>

export const knownDeployments = ({ deployments, manifests }: Registry): KnownDeployments =>
  new BrieflyKnown<KnownDeployment>(async (idOrName) => {
    const deployment = await deployments.lookUp(idOrName)
    if (deployment === undefined) return undefined
    const published = await manifests.outlinesOf(deployment.id)
    const commands = published.flatMap(({ functionName, commands: outlines }) =>
      outlines.map((command) => ({ ...command, functionName })),
    )
    return { value: { ...deployment, commands: published.length === 0 ? undefined : commands }, expiresAt: null }
  })
