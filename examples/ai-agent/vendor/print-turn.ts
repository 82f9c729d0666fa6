/** One turn of an agent, as a person reads it. */
import type { ToolResult, TranscriptEntry } from './harness.js'

const MAX_LINES = 6

export function printTurn({ say, results }: TranscriptEntry): void {
  console.log(`\nagent: ${say}`)
  for (const result of results) {
    console.log(`  ${result.command} ${argument(result)}`)
    for (const line of shown(result)) console.log(`    ${line}`.trimEnd())
  }
}

function argument({ params }: ToolResult): string {
  const [first] = Object.values(params)
  return JSON.stringify(first)
}

function shown({ outcome }: ToolResult): string[] {
  if ('error' in outcome) return [`${outcome.error.code}: ${outcome.error.message}`]
  const { value } = outcome
  if (typeof value === 'string') return clipped(value.trimEnd().split('\n'))
  if (Array.isArray(value)) return [value.join('  ')]
  if (isOutput(value)) return clipped([...value.output.split('\n'), `exit code ${String(value.exitCode)}`])
  return []
}

const isOutput = (value: unknown): value is { output: string; exitCode: number | null } =>
  typeof value === 'object' && value !== null && 'output' in value && 'exitCode' in value

const clipped = (lines: string[]): string[] =>
  lines.length <= MAX_LINES ? lines : [...lines.slice(0, MAX_LINES), `(${lines.length - MAX_LINES} more lines)`]
