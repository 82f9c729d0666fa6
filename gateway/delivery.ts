/** Whether an answer got to its caller. gRPC says nothing of it: an agent that is gone takes its task along, unheard. */
import type { ServerHttp2Stream } from 'node:http2'

/**
 * Calls `lost` when the stream ends before the whole answer was sent. What was sent to a connection that breaks is not
 * noticed here; for that there are heartbeats.
 */
export function whenLost(stream: ServerHttp2Stream, lost: () => void): void {
  // Trailers follow the last byte of the message.
  const look = (): void => {
    if (stream.sentTrailers === undefined) lost()
  }
  if (stream.closed || stream.destroyed) look()
  else stream.once('close', look)
}
