/** The cells as a table: of each, how many runs and how many violations. */
import type { Cell } from './campaign.js'

export function tableOf(cells: readonly Cell[]): string {
  const rows = [...new Set(cells.map(({ row }) => row))]
  const columns = [...new Set(cells.map(({ column }) => column))]
  const head = ['fault', ...columns]
  const body = rows.map((row) => [row, ...columns.map((column) => textOf(cells, row, column))])
  const widths = head.map((_, index) => Math.max(...[head, ...body].map((line) => line[index]?.length ?? 0)))
  const lineOf = (line: readonly string[]): string =>
    `| ${line.map((text, index) => text.padEnd(widths[index] ?? 0)).join(' | ')} |`
  return [lineOf(head), lineOf(widths.map((width) => '-'.repeat(width))), ...body.map(lineOf)].join('\n')
}

function textOf(cells: readonly Cell[], row: string, column: string): string {
  const cell = cells.find((each) => each.row === row && each.column === column)
  return cell ? `${cell.runs} runs, ${cell.violations.length || 'no'} violations` : ''
}
