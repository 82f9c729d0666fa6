/**
 * Takes out of ./node_modules what an image of this platform never loads: other platforms' native parts of Temporal's
 * core (100 MB of them) and its Rust sources, libsql for the other C library, what of OpenTelemetry is for bundlers
 * (20 MB), source maps, and types.
 */
import { existsSync, readdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'

const modules = 'node_modules'
const arch = { x64: 'x86_64', arm64: 'aarch64' }[process.arch]
const isGlibc = process.report.getReport().header.glibcVersionRuntime !== undefined
if (process.platform !== 'linux' || arch === undefined || !isGlibc) {
  throw new Error(
    `images are made for linux with glibc on x64 or arm64, and this is ${process.platform} on ${process.arch}`,
  )
}

const core = join(modules, '@temporalio', 'core-bridge')
/** @type {(folder: string, kept: readonly string[]) => void} */
function keepOnly(folder, kept) {
  const present = kept.filter((name) => existsSync(join(folder, name)))
  // A package that names its files in another way would be emptied, and the image would not start.
  if (present.length !== kept.length) throw new Error(`${folder} has no ${kept.join(', ')}`)
  for (const name of readdirSync(folder)) if (!kept.includes(name)) rmSync(join(folder, name), { recursive: true })
}

keepOnly(join(core, 'releases'), [`${arch}-unknown-linux-gnu`])
keepOnly(core, ['common.js', 'index.js', 'lib', 'package.json', 'releases'])
keepOnly(join(modules, '@libsql'), [`linux-${process.arch}-gnu`])

const telemetry = join(modules, '@opentelemetry')
for (const name of readdirSync(telemetry)) keepOnly(join(telemetry, name, 'build'), ['src'])
// Stack traces of packages are those of their own JavaScript, and nothing is compiled against types in an image.
for (const file of readdirSync(modules, { recursive: true, encoding: 'utf8' })) {
  if (/\.(map|d\.[cm]?ts)$/.test(file)) rmSync(join(modules, file))
}
