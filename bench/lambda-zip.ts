/** What `alien build --target lambda` makes of the page's handler: how large it is, and how long it takes to load. */
import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { alien } from '../tests/support/cli.js'
import { unzipInto } from '../tests/support/unzipped.js'
import { median } from './statistics.js'

const HANDLERS = `
import { command } from '@alienplatform/sdk'
command('generate-report', async ({ startDate }) => ({ rowCount: 3 }))
`

const IMPORTS = 5

const MAX_BYTES = 1_000_000
const MAX_IMPORT_MS = 150

interface LambdaZipFigures {
  readonly bytes: number
  /** Of the module, in a process of its own each time; without the start of Node. */
  readonly importMs: number
}

export async function measureLambdaZip(): Promise<LambdaZipFigures> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-zip-'))
  try {
    await writeFile(join(folder, 'handlers.ts'), HANDLERS)
    const { exitCode, stderr } = await alien(['build', 'handlers.ts', '--target', 'lambda'], { cwd: folder })
    if (exitCode !== 0) throw new Error(stderr)
    const zip = await readFile(join(folder, 'build/lambda/function.zip'))
    const root = join(folder, 'task')
    await unzipInto(root, zip)
    const times: number[] = []
    for (let n = 0; n < IMPORTS; n += 1) times.push(await importMs(join(root, 'index.mjs')))
    return { bytes: zip.length, importMs: median(times) }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** As Lambda loads it, with what it is told by its environment. */
async function importMs(path: string): Promise<number> {
  const module = JSON.stringify(pathToFileURL(path).href)
  const code = `const at = performance.now(); await import(${module}); console.log(performance.now() - at); process.exit()`
  const env = { ...process.env, ALIEN_URL: 'https://alien.example', ALIEN_DEPLOYMENT_ID: 'acme' }
  const { stdout } = await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code], { env })
  return Number(stdout)
}

export const lambdaZipTable = ({ bytes, importMs }: LambdaZipFigures): string =>
  [
    `lambda zip        ${(bytes / 1_000).toFixed(0)} kB   bar ${MAX_BYTES / 1_000} kB: ${bytes < MAX_BYTES ? 'met' : 'missed'}`,
    `cold import       ${importMs.toFixed(0)} ms, median of ${IMPORTS}   bar ${MAX_IMPORT_MS} ms: ${importMs < MAX_IMPORT_MS ? 'met' : 'missed'}`,
  ].join('\n')

export const lambdaZipMeetsBars = ({ bytes, importMs }: LambdaZipFigures): boolean =>
  bytes < MAX_BYTES && importMs < MAX_IMPORT_MS
