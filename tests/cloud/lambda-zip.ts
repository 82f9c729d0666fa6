import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alien } from '../support/cli.js'

/** The zip that `alien build` makes for Lambda of a module with this text. */
export async function lambdaZip(handlers: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'alien-lambda-'))
  try {
    await writeFile(join(folder, 'handlers.ts'), handlers)
    const { exitCode, stderr } = await alien(['build', 'handlers.ts', '--target', 'lambda'], { cwd: folder })
    if (exitCode !== 0) throw new Error(stderr)
    return await readFile(join(folder, 'build/lambda/function.zip'))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
