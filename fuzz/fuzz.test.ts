/** A short run of every fuzzer; `npm run fuzz` is the long one. */
import { expect, test } from 'vitest'
import { runFuzzer } from './fuzzer.js'
import { FUZZERS } from './index.js'

test.each(FUZZERS.map((fuzzer) => [fuzzer.name, fuzzer] as const))('%s lets nothing by', async (_name, fuzzer) => {
  const { failures } = await runFuzzer(fuzzer, { runs: 2_000, corpus: 'fuzz/corpus' })
  expect(failures).toStrictEqual([])
})
