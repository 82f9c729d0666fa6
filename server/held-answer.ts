/** An answer that is ready, and not sent before it may be. */
import type { ServerResponse } from 'node:http'

/** Gives what sends the answer, once, if there is one by then. What comes after is not held. */
export function holdAnswer(response: ServerResponse): () => void {
  const end = response.end.bind(response)
  let send: (() => void) | undefined
  response.end = ((...args: Parameters<typeof end>) => {
    send = () => end(...args)
    return response
  }) as typeof end
  return () => {
    response.end = end
    send?.()
  }
}
