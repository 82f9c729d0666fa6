/** How long what a process needs may take to answer, and what is done about one that does not. */

const ANSWER_WITHIN_MS = 2_000

/** What {@link answerWithin} throws. */
export class NoAnswerError extends Error {
  constructor() {
    super(`no answer within ${ANSWER_WITHIN_MS} ms`)
  }
}

/**
 * What `ask` answers.
 *
 * @param ask is told when its time is over, in milliseconds since 1970, so that nothing goes on for nobody. It is no signal
 *   because Temporal's client, once it tries again, hears of deadlines alone.
 * @throws {NoAnswerError}
 */
export async function answerWithin<T>(ask: (deadlineMs: number) => T | Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined
  const isLate = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new NoAnswerError()), ANSWER_WITHIN_MS)
  })
  try {
    return await Promise.race([ask(Date.now() + ANSWER_WITHIN_MS), isLate])
  } finally {
    clearTimeout(timer)
  }
}

/**
 * For what cannot be called off: whoever asks while an answer is awaited gets the same one. A database that hangs so has
 * one question of a kind, and not one more of its connections gone with every look.
 */
export function oneAtATime<T>(ask: () => Promise<T>): () => Promise<T> {
  let awaited: Promise<T> | undefined
  return () => (awaited ??= ask().finally(() => (awaited = undefined)))
}
