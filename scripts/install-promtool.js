/** Gets promtool, with which `tests/ops.test.ts` tries the alert rules, out of Debian's package; without rights, and no service. */
import { spawnSync } from 'node:child_process'
import { chmodSync, copyFileSync, existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promtoolPath } from './promtool.js'

const run = (command, args, cwd) => {
  const { status, error, stderr } = spawnSync(command, args, { cwd, encoding: 'utf8' })
  if (status !== 0) throw new Error(`${command} ${args[0]}: ${error?.message ?? stderr.trim()}`)
}

const { found, place } = promtoolPath()
if (found === undefined) {
  const folder = mkdtempSync(join(tmpdir(), 'alien-promtool-'))
  try {
    run('apt-get', ['download', 'prometheus'], folder)
    const [file] = readdirSync(folder)
    run('dpkg-deb', ['-x', file, '.'], folder)
    mkdirSync(dirname(place), { recursive: true })
    copyFileSync(join(folder, 'usr/bin/promtool'), place)
    chmodSync(place, 0o755)
  } catch (error) {
    console.error(`promtool cannot be had: ${error.message}`)
    process.exitCode = 1
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}
if (existsSync(place)) console.error(`promtool is ${place}`)
