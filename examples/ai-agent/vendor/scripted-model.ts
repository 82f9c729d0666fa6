/**
 * Stands for a language model, without the network: it knows one task, to make the checks of a project pass. What it
 * calls follows from what it was told, so a tool that answers something else leads it astray.
 */
import type { Model, ToolCall, ToolResult, Turn } from './harness.js'

const CHECK: ToolCall = { command: 'run', params: { script: 'node checks.mjs' } }

/** What it "knows": a wrong line, and the right one. */
const CORRECTIONS = [
  ['=> Math.round((price * percent) / 100)', '=> price - Math.round((price * percent) / 100)'],
  ['=> Math.floor(', '=> Math.round('],
] as const

export class ScriptedModel implements Model {
  readonly #steps: Iterator<Turn, Turn, readonly ToolResult[]> = this.#think()

  next(results: readonly ToolResult[]): Promise<Turn> {
    return Promise.resolve(this.#steps.next(results).value)
  }

  *#think(): Generator<Turn, Turn, readonly ToolResult[]> {
    const [listed, checked] = yield {
      say: 'I look around, and run the checks.',
      calls: [{ command: 'list-files', params: { directory: '.' } }, CHECK],
    }
    const files = valueOf(listed) as string[]
    const failing = failingFiles(outputOf(checked)).filter((file) => files.includes(file))
    const sources = yield {
      say: `Checks fail in ${failing.join(', ')}. I read these.`,
      calls: failing.map((path) => ({ command: 'read-file', params: { path } })),
    }
    const changes = sources.flatMap((source) => {
      const content = valueOf(source) as string
      const corrected = correct(content)
      return corrected === content ? [] : [{ command: 'write-file', params: { ...source.params, content: corrected } }]
    })
    yield { say: `${changes.length} of them are wrong by themselves. I correct these.`, calls: changes }
    const [again] = yield { say: 'I run the checks again.', calls: [CHECK] }
    const left = failingFiles(outputOf(again))
    return { say: left.length === 0 ? 'All checks pass.' : `I could not mend ${left.join(', ')}.`, calls: [] }
  }
}

const failingFiles = (output: string): string[] => [
  ...new Set([...output.matchAll(/^FAIL {2}([\w.]+):/gm)].map(([, file = '']) => file)),
]

const correct = (source: string): string =>
  CORRECTIONS.reduce((text, [wrong, right]) => text.replace(wrong, right), source)

const outputOf = (result: ToolResult | undefined): string => (valueOf(result) as { output: string }).output

function valueOf(result: ToolResult | undefined): unknown {
  if (result === undefined || 'error' in result.outcome)
    throw new Error(`I need the result of ${result?.command ?? 'it'}`)
  return result.outcome.value
}
