/** Finds the handlers' module of a function that names its folder. */
import { readFile, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { CommandError } from '../protocol/errors.js'

const EXTENSIONS = ['ts', 'mts', 'js', 'mjs'] as const

/**
 * The module that defines the commands: `src` itself when it is a file; else, in the folder, what `package.json` names
 * as `main` if that is a source file, then `index`, the function's name, `handlers`, `commands` or `main`, there or in
 * `src/`, with `.ts`, `.mts`, `.js` or `.mjs`.
 *
 * @throws {CommandError} `invalid_request` listing what was looked for
 */
export async function functionEntry(baseDir: string, src: string, functionName: string): Promise<string> {
  const folder = resolve(baseDir, src)
  const info = await stat(folder).catch(() => undefined)
  if (info?.isFile() === true) return folder
  if (!info) throw new CommandError('invalid_request', `function "${functionName}": no folder or file ${folder}`)
  const names = ['index', functionName, 'handlers', 'commands', 'main']
  const candidates = [
    ...(await packageMain(folder)),
    ...['', 'src'].flatMap((sub) =>
      names.flatMap((name) => EXTENSIONS.map((ext) => join(folder, sub, `${name}.${ext}`))),
    ),
  ]
  for (const candidate of candidates) if (await isFile(candidate)) return candidate
  throw new CommandError(
    'invalid_request',
    `function "${functionName}": no handlers' module in ${folder}; looked for ${names.join(', ')} (.${EXTENSIONS.join(', .')}) there and in src/; name the file itself as src if it is called otherwise`,
  )
}

async function packageMain(folder: string): Promise<string[]> {
  try {
    const { main } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as { main?: unknown }
    return typeof main === 'string' && /\.(ts|mts|js|mjs)$/.test(main) ? [resolve(folder, main)] : []
  } catch {
    return []
  }
}

const isFile = async (path: string): Promise<boolean> => (await stat(path).catch(() => undefined))?.isFile() === true
