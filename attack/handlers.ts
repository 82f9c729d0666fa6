/** What the attacked deployments offer. */
import { command } from '@alienplatform/sdk'

command('echo', ({ value }: { value: unknown }) => value)

/** Runs until it is canceled: an invocation that stays open while everything is attacked. */
command('hold', async (_params, { signal }) => {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }))
  throw signal.reason
})
