import type { Metrics } from '../observability/metrics.js'
import type { PushDeps } from '../activities/push-command.js'
import { knownDeployments, type KnownDeployments } from '../server/known-deployments.js'
import { openRegistry, type Registry, type RegistryOptions } from '../server/registry/open-registry.js'
import { Senders } from '../transports/senders.js'
import type { Closers } from './closers.js'
import type { Logger } from './logger.js'
import { openKeys } from './open-keys.js'

interface PushParts extends Pick<PushDeps, 'tokens' | 'publicUrl'> {
  readonly deployments: KnownDeployments
  readonly metrics: Metrics
}

/** What a vendor worker pushes with. No cloud's SDK is loaded before something is pushed there. */
export function openPush({ deployments, metrics, tokens, publicUrl }: PushParts, closers: Closers): PushDeps {
  const senders = new Senders()
  closers.add(() => senders.close())
  return {
    transportOf: async ({ id }) => (await deployments.get(id))?.transport,
    senders,
    metrics,
    tokens,
    publicUrl: () => publicUrl()?.replace(/\/+$/, ''),
  }
}

export interface WorkerPushOptions {
  readonly registry: RegistryOptions
  /** Where handler runtimes reach the control plane. */
  readonly publicUrl: string | undefined
  readonly sealingKeys?: readonly [Buffer, ...Buffer[]] | undefined
  readonly metrics: Metrics
  readonly log: Logger
}

/** As {@link openPush}, for a vendor worker without a control plane around it; with the registry that it needs for that. */
export async function openWorkerPush(
  options: WorkerPushOptions,
  closers: Closers,
): Promise<{ readonly push: PushDeps; readonly registry: Registry }> {
  const registry = await openRegistry(options.registry)
  closers.add(() => registry.close())
  const { responseTokens } = await openKeys(options, registry, closers)
  const deployments = knownDeployments(registry)
  const push = openPush(
    { deployments, metrics: options.metrics, tokens: responseTokens, publicUrl: () => options.publicUrl },
    closers,
  )
  return { push, registry }
}
