import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'

/** Prints lines on stdout as fast as they are read there. Ends quietly when nobody reads on, as with `| head`. */
export async function printLines(lines: AsyncIterable<string>): Promise<void> {
  const text = Readable.from(withNewlines(lines))
  try {
    await pipeline(text, process.stdout, { end: false })
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') throw error
  }
}

async function* withNewlines(lines: AsyncIterable<string>): AsyncGenerator<string> {
  for await (const line of lines) yield `${line}\n`
}
