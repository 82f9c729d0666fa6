/** Files that nobody but their owner may open. */
import { open } from 'node:fs/promises'
import { BindingError } from '../binding-error.js'
import { ABSENT, unless } from '../fs-error.js'

const OTHERS = 0o077

/** Its text, or `undefined` when there is none. @throws {BindingError} `access_denied` when its mode lets others in */
export async function readPrivateFile(where: string, path: string): Promise<string | undefined> {
  const file = await unless(ABSENT, open(path, 'r'))
  if (file === undefined) return undefined
  try {
    const mode = (await file.stat()).mode & 0o777
    // Windows has no such modes, and always shows 666.
    if ((mode & OTHERS) === 0 || process.platform === 'win32') return await file.readFile('utf8')
    throw new BindingError(
      'access_denied',
      `${where}: other users may open ${path} (mode ${mode.toString(8)}); run: chmod 600 ${path}`,
    )
  } finally {
    await file.close()
  }
}
