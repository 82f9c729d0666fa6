/**
 * What grpc-js by itself takes to pass polls on to Temporal: no tokens, no checks, no limits. It is as cheap as a gateway
 * that is built on grpc-js can be.
 */
import { Client, credentials, Server, ServerCredentials, type sendUnaryData, type ServerUnaryCall } from '@grpc/grpc-js'
import { bytesAsTheyAre, POLL } from '../held-polls.js'
import { serve } from '../serve.js'
import { usage, type Usage } from '../usage.js'

/** As the gateway has it. */
const MAX_POLL_MS = 75_000

export interface BareProxyReady {
  /** Host and port. */
  readonly address: string
}

await serve<object, Usage>(async (settings) => {
  const { temporalAddress } = settings as { temporalAddress: string }
  const client = new Client(temporalAddress, credentials.createInsecure())
  const passOn = (call: ServerUnaryCall<Buffer, Buffer>, reply: sendUnaryData<Buffer>): void => {
    const options = { deadline: Date.now() + MAX_POLL_MS }
    const poll = client.makeUnaryRequest(POLL, bytesAsTheyAre, bytesAsTheyAre, call.request, options, reply)
    call.once('cancelled', () => poll.cancel())
  }
  const server = new Server()
  server.register(POLL, passOn, bytesAsTheyAre, bytesAsTheyAre, 'unary')
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) => {
      if (error) reject(error)
      else resolve(bound)
    })
  })
  return {
    ready: { address: `127.0.0.1:${port}` } satisfies BareProxyReady,
    answer: () => Promise.resolve(usage()),
    close: () => {
      server.forceShutdown()
      client.close()
      return Promise.resolve()
    },
  }
})
