/** Tables in documents that are made by code, between comments that name them. `UPDATE_DOCS=1` writes them. */
import { readFile, writeFile } from 'node:fs/promises'
import { format, resolveConfig } from 'prettier'
import { expect } from 'vitest'

const between = (name: string): RegExp => new RegExp(`(<!-- ${name} -->\n)[^]*(<!-- /${name} -->)`)

export async function expectTable(
  file: string,
  name: string,
  head: readonly string[],
  rows: readonly (readonly string[])[],
): Promise<void> {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  const table = [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
  const text = await readFile(file, 'utf8')
  const replaced = text.replace(between(name), (_all, open: string, close: string) => `${open}\n${table}\n\n${close}`)
  await expectFile(file, replaced)
}

export async function expectFile(file: string, content: string): Promise<void> {
  const text = await readFile(file, 'utf8').catch(() => '')
  const wanted = await format(content, { ...(await resolveConfig(file)), filepath: file })
  if (process.env['UPDATE_DOCS'] !== undefined) await writeFile(file, wanted)
  expect(text).toBe(wanted)
}
