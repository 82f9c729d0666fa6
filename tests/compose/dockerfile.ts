/**
 * Runs the steps of the Dockerfile without an engine: each stage in a folder that stands for its root file system, from
 * what .dockerignore lets in. Base images are not there, so steps that install their packages are left out.
 */
import { execa } from 'execa'
import { mkdir, readFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'

export interface Stage {
  readonly name: string
  /** An image or another stage. */
  readonly from: string
  readonly steps: readonly Step[]
}

interface Step {
  readonly instruction: string
  readonly rest: string
}

/** Stands in for a `RUN` in a stage's working directory. */
export type Runner = (command: string, cwd: string) => Promise<unknown>

export async function readStages(): Promise<Stage[]> {
  const text = (await readFile('Dockerfile', 'utf8')).replace(/\\\n/g, '')
  const stages: { name: string; from: string; steps: Step[] }[] = []
  for (const line of text.split('\n')) {
    const [, instruction, rest = ''] = /^([A-Z]+) (.*)$/.exec(line) ?? []
    if (instruction === undefined) continue
    const [, from = '', name = ''] = instruction === 'FROM' ? (/^(\S+) AS (\S+)$/.exec(rest) ?? []) : []
    if (instruction === 'FROM') stages.push({ name, from, steps: [] })
    else stages.at(-1)?.steps.push({ instruction, rest })
  }
  return stages
}

/** The last value of an instruction in a stage and those that it is from. */
export function settingOf(stages: readonly Stage[], name: string, instruction: string): string | undefined {
  const stage = stages.find((each) => each.name === name)
  if (stage === undefined) return undefined
  const own = stage.steps.findLast((step) => step.instruction === instruction)
  return own?.rest ?? settingOf(stages, stage.from, instruction)
}

/** What Node is started with in an image of ours. */
export function nodeFlagsOf(stages: readonly Stage[], name: string): string[] {
  const entrypoint = JSON.parse(settingOf(stages, name, 'ENTRYPOINT') ?? '[]') as string[]
  return entrypoint.filter((arg) => arg.startsWith('--') && arg !== '--')
}

/** Builds a stage, and those that it needs; gives the folder of its root file system. */
export async function buildStage(
  name: string,
  folder: string,
  run: Runner,
  built = new Set<string>(),
): Promise<string> {
  const stages = await readStages()
  const stage = stages.find((each) => each.name === name)
  if (stage === undefined) throw new Error(`the Dockerfile has no stage ${name}`)
  const root = join(folder, name)
  if (built.has(name)) return root
  built.add(name)
  await mkdir(root, { recursive: true })
  if (stages.some((each) => each.name === stage.from)) {
    await copyTree(await buildStage(stage.from, folder, run, built), root)
  }
  let workdir = settingOf(stages, name, 'WORKDIR') ?? '/'
  for (const { instruction, rest } of stage.steps) {
    if (instruction === 'WORKDIR') workdir = rest
    const cwd = join(root, workdir)
    await mkdir(cwd, { recursive: true })
    if (instruction === 'RUN' && isOfStage(rest)) await run(rest, cwd)
    if (instruction === 'COPY') await copy(rest, cwd, (other) => buildStage(other, folder, run, built))
  }
  return root
}

/** Not of the base image: its packages, and its users. */
const isOfStage = (command: string): boolean => !/^apt-get |\bchown /.test(command)

async function copy(rest: string, cwd: string, rootOf: (stage: string) => Promise<string>): Promise<void> {
  const words = rest.split(' ')
  const [, from] = /^--from=(.*)$/.exec(words[0] ?? '') ?? []
  const paths = from === undefined ? words : words.slice(1)
  const target = paths.at(-1) ?? ''
  for (const source of paths.slice(0, -1)) {
    if (source === '.') await copyContext(cwd)
    else {
      const file = from === undefined ? await allowed(source) : join(await rootOf(from), source)
      const isFolder = target.endsWith('/')
      await copyTree(file, join(cwd, isFolder ? join(target, source.split('/').at(-1) ?? '') : target))
    }
  }
}

/** By the system's own program: Node's takes half a minute for the packages of an image. */
async function copyTree(source: string, target: string): Promise<void> {
  await mkdir(dirname(target), { recursive: true })
  await execa('cp', ['-a', '--no-target-directory', source, target])
}

/** What .dockerignore lets in. */
async function contextNames(): Promise<string[]> {
  const lines = (await readFile('.dockerignore', 'utf8')).split('\n').filter((line) => line !== '')
  if (lines[0] !== '*') throw new Error('.dockerignore begins with everything')
  return lines.slice(1).map((line) => line.slice(1))
}

async function allowed(source: string): Promise<string> {
  const names = await contextNames()
  if (names.some((name) => source === name || dirname(source).startsWith(name))) return source
  throw new Error(`.dockerignore does not let ${source} in`)
}

async function copyContext(cwd: string): Promise<void> {
  for (const name of await contextNames()) await copyTree(name, join(cwd, name))
}

export const runShell: Runner = (command, cwd) => execa('/bin/sh', ['-c', command], { cwd })
