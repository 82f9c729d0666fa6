/**
 * Brings a clone to where its commands can run: packages when the lock changed, the build when a source changed.
 * Runs before anything is installed, so it uses Node alone.
 */
import { spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

export const root = dirname(dirname(fileURLToPath(import.meta.url)))

const INSTALL_STAMP = join(root, 'node_modules', '.cache', 'alien-install')
const BUILD_STAMP = join(root, 'dist', '.built')

/** What `tsconfig.build.json` compiles, and nothing else, makes a build stale. */
const SOURCES = JSON.parse(readFileSync(join(root, 'tsconfig.build.json'), 'utf8')).include.filter(
  (entry) => !entry.includes('*'),
)

export function bootstrap() {
  process.chdir(root)
  install()
  build()
}

function install() {
  const lock = createHash('sha256').update(readFileSync('package-lock.json')).digest('hex')
  if (read(INSTALL_STAMP) === lock) return
  run('installing packages (npm ci)', 'npm', ['ci', '--no-audit', '--no-fund', '--loglevel', 'error'])
  write(INSTALL_STAMP, lock)
}

function build() {
  const newest = Math.max(
    ...SOURCES.map(newestIn),
    ...['package.json', 'tsconfig.json', 'tsconfig.build.json', 'agent.ts', 'server.ts', 'testing.ts'].map(modifiedAt),
  )
  if (existsSync(BUILD_STAMP) && modifiedAt(BUILD_STAMP) > newest) return
  run('building', process.execPath, ['scripts/build.js'])
  write(BUILD_STAMP, '')
}

function run(what, command, args) {
  process.stderr.write(`${what} …\n`)
  const { status, error } = spawnSync(command, args, { stdio: ['ignore', 2, 2] })
  if (status === 0) return
  process.stderr.write(`${what} failed${error ? `: ${error.message}` : ''}\n`)
  process.exit(1)
}

function newestIn(folder) {
  return Math.max(
    modifiedAt(folder),
    ...readdirSync(folder, { withFileTypes: true }).map((entry) => {
      const path = join(folder, entry.name)
      return entry.isDirectory() ? newestIn(path) : modifiedAt(path)
    }),
  )
}

const modifiedAt = (path) => statSync(path).mtimeMs

const read = (path) => (existsSync(path) ? readFileSync(path, 'utf8') : undefined)

function write(path, text) {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(path, text)
}
