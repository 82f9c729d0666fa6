/** `npm run fuzz`: inputs without end for what reads what agents send, and for what handlers are given from outside. */
import { join } from 'node:path'
import { Command, InvalidArgumentError } from 'commander'
import { chosen } from '../bench/chosen.js'
import { runFuzzer } from './fuzzer.js'
import { FUZZERS } from './index.js'

interface Flags {
  readonly runs: number
  readonly seed?: number
  readonly only: string
}

function integer(text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value)) throw new InvalidArgumentError('give a whole number')
  return value
}

function positive(text: string): number {
  const value = integer(text)
  if (value < 1) throw new InvalidArgumentError('give a whole number from 1')
  return value
}

const EXAMPLES = `
Inputs that failed once are in fuzz/corpus/ and tried first. Exits with 1 when a fuzzer finds something.

Examples:
  $ npm run fuzz
  $ npm run fuzz -- --runs 5000 --seed 42 --only request`

const { runs, seed, only } = new Command('npm run fuzz --')
  .description('feeds made-up tokens, messages, bodies and files to what reads them, and looks for what is let by')
  .option('--runs <n>', 'inputs for each fuzzer', positive, 200_000)
  .option('--seed <n>', 'repeats a run', integer)
  .option('--only <text>', 'the fuzzers whose name has this text', '')
  .addHelpText('after', EXAMPLES)
  .parse()
  .opts<Flags>()

let failed = 0
for (const fuzzer of chosen('fuzzer', FUZZERS, [only])) {
  const startMs = performance.now()
  const report = await runFuzzer(fuzzer, { runs, seed, corpus: join('fuzz', 'corpus') })
  const seconds = Math.round((performance.now() - startMs) / 1_000)
  const { name, replayed, failures } = report
  failed += failures.length
  console.log(
    `${name}: ${replayed} of the corpus, ${report.runs} runs, seed ${report.seed}, ${failures.length} failures, ${seconds} s`,
  )
  for (const failure of failures) console.log(`  ${failure}`)
}
console.log(`${failed} failures`)
process.exit(failed > 0 ? 1 : 0)
