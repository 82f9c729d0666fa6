/** The fenced blocks of a page, each with the comment before it that says how it is to be checked. */
import { readFile } from 'node:fs/promises'

/**
 * - none: it is run, parsed or compiled, as its language has it
 * - `exit N`: a shell block that ends with this exit code
 * - `cloud`: its commands of clouds are stand-ins, the others are run
 * - `with the block before`: which is still running
 * - `syntax: why`: nothing is run, and the shell has to take it
 */
export interface DocBlock {
  /** `docs/push.md:9`: where it begins. */
  readonly place: string
  readonly language: string
  readonly code: string
  /** The text of the comment, `` when there is none. */
  readonly marker: string
  /** The code of the block before it, in the same language; `` for the first of a page. */
  readonly before: string
}

const FENCE = /^ *```(\S*)/
const COMMENT = /^ *<!-- (.*) -->$/

export async function docBlocks(file: string): Promise<DocBlock[]> {
  const blocks: DocBlock[] = []
  let marker = ''
  let open: { place: string; language: string; marker: string; lines: string[] } | undefined
  for (const [index, line] of (await readFile(file, 'utf8')).split('\n').entries()) {
    const [, language] = FENCE.exec(line) ?? []
    if (open && language !== undefined) {
      const { language: ended } = open
      const before = blocks.findLast((block) => block.language === ended)?.code ?? ''
      blocks.push({ ...open, before, code: `${open.lines.join('\n')}\n` })
      open = undefined
      marker = ''
    } else if (open) open.lines.push(line)
    else if (language !== undefined) open = { place: `${file}:${index + 1}`, language, marker, lines: [] }
    else if (line.trim() !== '') marker = COMMENT.exec(line)?.[1] ?? ''
  }
  return blocks
}
