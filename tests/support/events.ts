/** The stream of an invocation's events, as a client of another language sees it. */
import type { InvocationEvent } from '@alienplatform/sdk/commands'
import { EventParser } from '../../client/event-parser.js'

export interface SeenEvent {
  readonly id: string
  readonly type: string
  readonly event: InvocationEvent
}

/** @param lastEventId as a browser sends it when it comes back */
export async function* eventStream(
  { url, token }: { readonly url: string; readonly token: string },
  id: string,
  lastEventId?: string,
): AsyncGenerator<SeenEvent> {
  const response = await fetch(`${url}/v1/invocations/${id}/events`, {
    headers: {
      authorization: `Bearer ${token}`,
      ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }),
    },
  })
  if (!response.ok || !response.body) throw new Error(`${response.status}: ${await response.text()}`)
  const parser = new EventParser()
  for await (const text of response.body.pipeThrough(new TextDecoderStream())) {
    for (const { id: eventId, type, data } of parser.push(text)) {
      yield { id: eventId, type, event: JSON.parse(data) as InvocationEvent }
    }
  }
}

export async function collect<T>(events: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = []
  for await (const event of events) all.push(event)
  return all
}
