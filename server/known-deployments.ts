/** What a call needs to know of the deployment it names, in one look-up. */
import type { ManifestCommand } from '../protocol/manifest.js'
import { BrieflyKnown } from './briefly-known.js'
import type { Deployment } from './registry/deployments.js'
import type { Registry } from './registry/open-registry.js'

export interface KnownCommand extends Pick<ManifestCommand, 'name' | 'policy'> {
  readonly functionName: string
}

export interface KnownDeployment extends Deployment {
  /** `undefined` when no agent has published any yet. */
  readonly commands: readonly KnownCommand[] | undefined
}

/** By id or name. */
export type KnownDeployments = BrieflyKnown<KnownDeployment>

export const knownDeployments = ({ deployments, manifests }: Registry): KnownDeployments =>
  new BrieflyKnown(async (idOrName) => {
    const deployment = await deployments.lookUp(idOrName)
    if (deployment === undefined) return undefined
    const published = await manifests.forDeployment(deployment.id)
    // Of each command only what is asked for: its schemas may be large, and are not for this side to check.
    const commands = published.flatMap((manifest) =>
      manifest.commands.map(({ name, policy }) => ({ name, policy, functionName: manifest.functionName })),
    )
    return { value: { ...deployment, commands: published.length === 0 ? undefined : commands }, expiresAt: null }
  })
