/** The other end of `child.ts`: settings from the command line, questions from the channel, an end when it ends. */

import type { ChildMessage } from './child.js'

export interface Service<Question, Answer> {
  /** Told to the parent when the program is ready. */
  readonly ready: unknown
  readonly answer?: (question: Question) => Promise<Answer>
  readonly close: () => Promise<void>
}

/** @param open is given what the parent passed to `startChild` */
export async function serve<Question = never, Answer = never>(
  open: (settings: unknown) => Promise<Service<Question, Answer>>,
): Promise<void> {
  const disconnected = new Promise<void>((resolve) => process.once('disconnect', () => resolve()))
  // Ctrl-C reaches all processes of the terminal; the parent decides on the order in which they end.
  process.on('SIGINT', () => undefined)
  const tell = (message: ChildMessage): void => void process.send?.(message)
  const failed = (error: unknown): void => {
    tell({ kind: 'failed', reason: error instanceof Error ? (error.stack ?? error.message) : String(error) })
  }
  try {
    const service = await open(JSON.parse(process.argv[2] ?? '{}'))
    process.on('message', (question) => {
      service.answer?.(question as Question).then((value) => tell({ kind: 'answer', value }), failed)
    })
    tell({ kind: 'ready', value: service.ready })
    await disconnected
    await service.close()
    process.exit(0)
  } catch (error) {
    failed(error)
    process.exit(1)
  }
}
