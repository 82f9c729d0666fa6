/**
 * Takes secrets out of texts that go out one after the other, the lines of a log or the chunks of an output, also where
 * one is spread over several of them.
 *
 * No text waits for the next, which may never come. So of a secret that has begun at the end of a text, and may go on in
 * the next, what is there is taken out when it is enough to be told from anything else, and the rest whenever it comes.
 */
import { REDACTED, type Redactor } from './redact.js'

export class RedactedFlow {
  /** The end of what was said, as it was, as far as a secret may go on from it. */
  #said = ''

  text(redactor: Redactor, text: string): string {
    const start = this.#said.length
    const whole = this.#said + text
    const spans = redactor.find(whole)
    let [redacted, at] = ['', start]
    for (const span of spans.filter(({ end }) => end > start)) {
      redacted += whole.slice(at, Math.max(at, span.start)) + REDACTED
      at = span.end
    }
    redacted += whole.slice(at)
    const wholeSecretEnd = spans.findLast(({ isWhole }) => isWhole)?.end ?? 0
    this.#said = whole.slice(Math.max(wholeSecretEnd, whole.length - redactor.longest + 1, 0))
    return redacted
  }
}
