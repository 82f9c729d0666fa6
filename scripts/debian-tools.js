/** Programs that tests use and need no installation: on the `PATH`, or where `install-debian-tools.js` puts them. */
import { existsSync } from 'node:fs'
import { homedir } from 'node:os'
import { delimiter, join } from 'node:path'

/** By name: Debian's package, and the file in it. */
export const DEBIAN_TOOLS = {
  promtool: { package: 'prometheus', file: 'usr/bin/promtool' },
  nginx: { package: 'nginx', file: 'usr/sbin/nginx' },
}

/** @returns {{ found: string | undefined, place: string, missing: string }} */
export function debianTool(name) {
  const tools = process.env.ALIEN_TEST_TOOLS || join(homedir(), '.cache', 'alien', 'test-tools')
  const place = join(tools, name)
  const folders = (process.env.PATH ?? '').split(delimiter).map((folder) => join(folder, name))
  const found = [...folders, place].find((file) => existsSync(file))
  const missing = found === undefined ? `there is no ${name}; node scripts/install-debian-tools.js gets it` : ''
  return { found, place, missing }
}
