/** Reads `alien.ts`: which functions serve commands, and where their code is. */
import { access, mkdir, mkdtemp, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { BindingLink } from '../bindings/binding-link.js'
import { CommandError } from '../protocol/errors.js'
import { collectDeclarations, type FunctionDefinition } from '../sdk/declarations.js'
import type { StackDefinition } from '../sdk/stack.js'
import { linkPackages, stateFolderError } from './bundle-place.js'
import { functionEntry } from './function-entry.js'
import { buildErrors, bundleHandlers } from './handler-bundle.js'

export interface ServedFunction {
  readonly name: string
  /** The handlers' module. */
  readonly entry: string
  /** What it has of `.link(…)`, for its agent's environment or its bundle. Default: nothing. */
  readonly links?: readonly BindingLink[]
}

/**
 * The functions with `commandsEnabled(true)`: those of the stack that the file exports, or all that it builds.
 *
 * @param stateDir where its bundle is, for a moment
 * @throws {CommandError} `invalid_request` when the file cannot be read, built or run, or serves no commands
 */
export async function loadAlienFile(path: string, stateDir: string): Promise<ServedFunction[]> {
  const functions = (await evaluate(path, stateDir)).filter(({ commandsEnabled }) => commandsEnabled)
  if (functions.length === 0) {
    throw new CommandError('invalid_request', `${path} has no function with .commandsEnabled(true)`)
  }
  return Promise.all(
    functions.map(async ({ name, code, links }) => ({
      name,
      entry: await functionEntry(dirname(path), code.src, name),
      ...(links.length === 0 ? {} : { links }),
    })),
  )
}

async function evaluate(path: string, stateDir: string): Promise<readonly FunctionDefinition[]> {
  await access(path).catch((error: unknown) => {
    throw new CommandError(
      'invalid_request',
      `there is no file ${path}; make one that builds a function with .commandsEnabled(true), or name another file`,
      { cause: error },
    )
  })
  const folder = await newFolder(stateDir)
  try {
    const bundle = join(await linkPackages(folder, path), 'alien.mjs')
    await bundleHandlers(path, bundle)
    const { result, functions } = await collectDeclarations(
      () => import(pathToFileURL(bundle).href) as Promise<unknown>,
    )
    return stackFunctions(result) ?? functions
  } catch (error) {
    if (error instanceof CommandError) throw error
    throw new CommandError('invalid_request', `cannot load ${path}: ${buildErrors(error).join('\n')}`, { cause: error })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** Each time, or Node would give the module it has. */
async function newFolder(stateDir: string): Promise<string> {
  try {
    await mkdir(stateDir, { recursive: true, mode: 0o700 })
    return await mkdtemp(join(stateDir, 'load-'))
  } catch (error) {
    throw stateFolderError(error)
  }
}

function stackFunctions(module: unknown): readonly FunctionDefinition[] | undefined {
  const stack = (module as { default?: unknown }).default as Partial<StackDefinition> | undefined
  return stack?.kind === 'stack' ? stack.functions : undefined
}
