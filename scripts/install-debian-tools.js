/** Gets what tests use out of Debian's packages, without rights, and without services: promtool and nginx. */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { DEBIAN_TOOLS, debianTool } from './debian-tools.js'

const run = (command, args, cwd) => {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim()}`)
}

function install({ package: name, file }, place) {
  const folder = mkdtempSync(join(tmpdir(), 'alien-tools-'))
  try {
    run('apt-get', ['download', name], folder)
    const [archive] = readdirSync(folder)
    run('dpkg-deb', ['-x', archive, '.'], folder)
    mkdirSync(dirname(place), { recursive: true })
    copyFileSync(join(folder, file), place)
    chmodSync(place, 0o755)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

for (const [name, source] of Object.entries(DEBIAN_TOOLS)) {
  const { found, place } = debianTool(name)
  try {
    if (found === undefined) install(source, place)
    console.error(`${name} is ${found ?? place}`)
  } catch (error) {
    console.error(`${name} cannot be had: ${error.message}`)
    process.exitCode = 1
  }
}
