/** Service Bus of the tests, in a process of its own, as the servers that stand for the other clouds are. */
import { openNamespace, type Namespace } from '../../tests/cloud/service-bus/namespace.js'
import { openOrClose } from '../../workers/closers.js'
import { serve } from '../serve.js'

export interface ServiceBusReady extends Pick<Namespace, 'connectionString' | 'host'> {
  /** Of the product. */
  readonly queue: string
  /** Of what the bench sends with nothing of ours. */
  readonly bareQueue: string
}

await serve(() =>
  openOrClose(async (closers) => {
    const { connectionString, host, createQueue } = await openNamespace((close) => closers.add(close))
    const [queue, bareQueue] = [await createQueue(), await createQueue()]
    return {
      ready: { connectionString, host, queue, bareQueue } satisfies ServiceBusReady,
      close: () => closers.close(),
    }
  }),
)
