/** A fuzzer: makes inputs, and knows what must never come of one. */
import fc from 'fast-check'
import { createHash } from 'node:crypto'
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** @throws when the input crashes what it is given to, or is accepted though it must not be */
type Check = (input: Uint8Array) => void | Promise<void>

interface Target extends AsyncDisposable {
  readonly check: Check
}

interface FuzzerBase {
  /** Also its folder in the corpus. */
  readonly name: string
  readonly inputs: fc.Arbitrary<Uint8Array>
}

/** `open`: for what has to be there meanwhile. */
export type Fuzzer = FuzzerBase & ({ readonly check: Check } | { readonly open: () => Promise<Target> })

export interface FuzzReport {
  readonly name: string
  /** Of the corpus, before any made-up input. */
  readonly replayed: number
  readonly runs: number
  readonly seed: number
  /** What went wrong, with the smallest input that shows it in hex. */
  readonly failures: readonly string[]
}

export interface FuzzOptions {
  readonly runs: number
  /** Default: another one each time. */
  readonly seed?: number | undefined
  /** Folder of folders of inputs, one a fuzzer. */
  readonly corpus: string
}

export async function runFuzzer(fuzzer: Fuzzer, { runs, seed, corpus }: FuzzOptions): Promise<FuzzReport> {
  const { name, inputs } = fuzzer
  await using target = 'open' in fuzzer ? await fuzzer.open() : undefined
  const check = target?.check ?? ('check' in fuzzer ? fuzzer.check : () => undefined)
  const folder = join(corpus, name)
  const failures: string[] = []
  const kept = await corpusOf(folder)
  for (const [file, input] of kept) {
    try {
      await check(input)
    } catch (error) {
      failures.push(`${file}: ${reasonOf(error)}`)
    }
  }
  const details = await fc.check(
    fc.asyncProperty(inputs, async (input) => check(input)),
    { numRuns: runs, ...(seed === undefined ? {} : { seed }) },
  )
  const [smallest] = details.counterexample ?? []
  if (details.failed && smallest !== undefined) {
    failures.push(`${reasonOf(details.errorInstance)}; input ${hex(smallest)}`)
    await keep(folder, smallest)
  }
  return { name, replayed: kept.length, runs: details.numRuns, seed: details.seed, failures }
}

/** A failure stays in the corpus, so that it is tried first ever after. */
async function keep(folder: string, input: Uint8Array): Promise<void> {
  const id = createHash('sha256').update(input).digest('hex').slice(0, 12)
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, `found-${id}.hex`), `${hex(input)}\n`)
}

async function corpusOf(folder: string): Promise<[string, Uint8Array][]> {
  const files = await readdir(folder).catch(() => [])
  return Promise.all(
    files.sort().map(async (file): Promise<[string, Uint8Array]> => {
      const text = await readFile(join(folder, file), 'utf8')
      return [file, Buffer.from(text.trim(), 'hex')]
    }),
  )
}

const hex = (input: Uint8Array): string => Buffer.from(input).toString('hex')

const reasonOf = (error: unknown): string => (error instanceof Error ? error.message : String(error))
