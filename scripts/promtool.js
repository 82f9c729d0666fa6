/** Where promtool is: on the `PATH`, or where `install-promtool.js` puts it. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** @returns {{ found: string | undefined, place: string }} */
export function promtoolPath() {
  const tools = process.env.ALIEN_TEST_TOOLS || join(homedir(), '.cache', 'alien', 'test-tools')
  const place = join(tools, 'promtool')
  const folders = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, 'promtool'))
  return { found: [...folders, place].find((file) => existsSync(file)), place }
}
