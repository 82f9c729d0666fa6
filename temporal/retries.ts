/** How calls to Temporal are tried again: as its client does by itself, but no longer than their connection is open. */
import { InterceptingCall, Metadata, status, type Interceptor } from '@grpc/grpc-js'
import { defaultGrpcRetryOptions, makeGrpcRetryInterceptor } from '@temporalio/client'

type Call = ReturnType<Parameters<Interceptor>[1]>

/**
 * The client waits between two tries by a timer that `close()` does not clear. What the channel then throws out of that
 * timer, nobody can catch: it ends the process, and the call itself would never end.
 */
const endedByClose: Interceptor = (options, nextCall) => {
  let call: Call
  try {
    call = nextCall(options)
  } catch (error) {
    call = endedCall((error as Error).message)
  }
  return new InterceptingCall(call)
}

/** A unary call that is over as soon as it starts. */
const endedCall = (details: string): Call => ({
  start: (_metadata, listener) => {
    listener?.onReceiveMessage?.(null)
    listener?.onReceiveStatus?.({ code: status.CANCELLED, details, metadata: new Metadata() })
  },
  cancelWithStatus() {},
  sendMessage() {},
  sendMessageWithContext() {},
  startRead() {},
  halfClose() {},
  getPeer: () => 'nobody',
  getAuthContext: () => null,
})

/** For `interceptors` of a connection. */
export const RETRIES: Interceptor[] = [makeGrpcRetryInterceptor(defaultGrpcRetryOptions()), endedByClose]
