/** An OTLP receiver that decodes what it is sent, in a process of its own. */
import { OtlpReceiver } from '../../tests/support/otlp-receiver.js'
import { serve } from '../serve.js'

export interface CollectorReady {
  readonly url: string
}

/** Spans received, by `service name`. */
export type CollectedSpans = Readonly<Record<string, number>>

await serve<object, CollectedSpans>(async () => {
  const receiver = await OtlpReceiver.start()
  return {
    ready: { url: receiver.url } satisfies CollectorReady,
    answer: () => {
      const counts: Record<string, number> = {}
      for (const { service, name } of receiver.spans) {
        const key = `${service} ${name}`
        counts[key] = (counts[key] ?? 0) + 1
      }
      return Promise.resolve(counts)
    },
    close: () => receiver[Symbol.asyncDispose](),
  }
})
