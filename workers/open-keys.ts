import { TaskTokenSeal } from '../gateway/task-token.js'
import { ResponseTokens } from '../protocol/response-token.js'
import type { Registry } from '../server/registry/open-registry.js'
import { watchSealingKeys } from '../server/sealing-key-watch.js'
import type { Closers } from './closers.js'
import type { Logger } from './logger.js'

interface KeyOptions {
  /** Of 32 bytes each: the first seals, all open. Default: the registry's own. */
  readonly sealingKeys?: readonly [Buffer, ...Buffer[]] | undefined
  readonly log: Logger
}

/** What tasks of agents are sealed with, and what response tokens are signed with: both by the sealing keys. */
export async function openKeys(
  { sealingKeys, log }: KeyOptions,
  registry: Registry,
  closers: Closers,
): Promise<{ seal: TaskTokenSeal; responseTokens: ResponseTokens }> {
  const keys = sealingKeys ?? (await registry.sealingKeys.all())
  const seal = new TaskTokenSeal(keys)
  const responseTokens = new ResponseTokens(keys)
  const use = (newer: typeof keys): void => {
    seal.use(newer)
    responseTokens.use(newer)
  }
  if (sealingKeys === undefined) closers.add(watchSealingKeys(registry.sealingKeys, use, log))
  return { seal, responseTokens }
}
