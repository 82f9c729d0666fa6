/** As many polls as the idle agents hold, without anything of the product. */
import type { Client } from '@grpc/grpc-js'
import { setTimeout as delay } from 'node:timers/promises'
import { holdPolls } from '../held-polls.js'
import { serve } from '../serve.js'

export interface IdlePollersSettings {
  /** Host and port. */
  readonly address: string
  readonly count: number
}

/** The idle agents come one after the other too, each as soon as it has its deployment and its session. */
const BETWEEN_MS = 20

await serve(async (settings) => {
  const { address, count } = settings as IdlePollersSettings
  const clients: Client[] = []
  for (let index = 0; index < count; index += 1) {
    const name = `bare-${index}`
    clients.push(holdPolls(address, { namespace: 'default', taskQueue: name, workerKey: name }))
    await delay(BETWEEN_MS)
  }
  return {
    ready: {},
    close: () => {
      for (const client of clients) client.close()
      return Promise.resolve()
    },
  }
})
