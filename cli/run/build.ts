/** Runs `alien build`. */
import { join, parse, relative, resolve } from 'node:path'
import { stateDir } from '../../protocol/dev-state.js'
import { buildFunction } from '../../workers/packaging/build-function.js'
import type { BuildFlags } from '../commands/build.js'
import { print, printJson, say } from '../console.js'
import { declaredFunction } from './declared-function.js'

export async function runBuild(module: string | undefined, flags: BuildFlags): Promise<void> {
  const state = stateDir({ ALIEN_STATE_DIR: flags.stateDir })
  const served =
    module === undefined
      ? await declaredFunction(flags.function, state, 'build')
      : { name: flags.function ?? parse(module).name, entry: resolve(module) }
  const outDir = resolve(flags.out ?? join('build', flags.target))
  const { files, commands } = await buildFunction({ target: flags.target, served, outDir, stateDir: state })
  const names = commands.map(({ name }) => name)
  if (flags.json === true) {
    printJson({ target: flags.target, function: served.name, outDir, files, commands: names })
    return
  }
  for (const { path, bytes } of files) print(`${join(relative('', outDir), path)}  ${sizeText(bytes)}`)
  say(`"${served.name}" for ${flags.target}: ${names.join(', ')}`)
}

const sizeText = (bytes: number): string => (bytes < 10_000 ? `${bytes} B` : `${Math.round(bytes / 1_000)} kB`)
