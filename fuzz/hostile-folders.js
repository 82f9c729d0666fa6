/**
 * Somebody who may write to a storage's folder and means ill: puts links to what is outside in the place of folders and
 * files, and takes them away again, as fast as the system lets it. Run with the root and the folder outside.
 */
import { readdirSync, renameSync, symlinkSync, unlinkSync } from 'node:fs'
import { join } from 'node:path'
import { setImmediate } from 'node:timers/promises'

const [root = '', outside = ''] = process.argv.slice(2)

/** For a moment, `path` is a link to `target`; mostly, for what the storage does meanwhile goes wrong now and then. */
function swap(path, target) {
  attempt(() => renameSync(path, `${path}.away`))
  attempt(() => symlinkSync(target, path))
  attempt(() => unlinkSync(path))
  attempt(() => renameSync(`${path}.away`, path))
}

function attempt(action) {
  try {
    action()
  } catch {
    // The storage was faster.
  }
}

const types = join(root, '.alien/types')
process.once('disconnect', () => process.exit())
process.send?.('ready')
for (let round = 0; ; round++) {
  // Whoever started it may be gone.
  await setImmediate()
  for (const folder of ['a', 'a/b', 'c']) swap(join(root, folder), outside)
  for (const file of ['f', 'a/f', 'a/b/f']) swap(join(root, file), join(outside, 'f'))
  if (round % 8 === 0) swap(join(root, '.alien/tmp'), outside)
  if (round % 8 === 4) swap(types, outside)
  if (round % 8 === 6) attempt(() => readdirSync(types).forEach((name) => swap(join(types, name), join(outside, 'f'))))
}
