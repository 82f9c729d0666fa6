/**
 * From a binding's name to its backend.
 *
 * `ALIEN_<NAME>_BINDING` says which, as JSON with a `service`. Without it, and only where `ALIEN_LOCAL_BINDINGS=1`
 * allows it, as under `alien dev`, the binding is local and lives in `ALIEN_STATE_DIR` (default: `.alien` in the
 * working directory). Anything else is an error: in production a forgotten variable must not make an empty folder.
 */
import { join, resolve } from 'node:path'
import { z } from 'zod'
import { BindingError } from './binding-error.js'
import { LocalStorage } from './storage/local-storage.js'
import type { StorageBackend } from './storage/storage-backend.js'
import { LocalVault } from './vault/local-vault.js'
import type { VaultBackend } from './vault/vault-backend.js'

export type Environment = Readonly<Record<string, string | undefined>>

const local = z.strictObject({
  service: z.literal('local'),
  /** Relative paths start at the working directory. */
  path: z.string().min(1),
})

const storageBinding = z.discriminatedUnion('service', [local])
const vaultBinding = z.discriminatedUnion('service', [local])

/** @throws {BindingError} `not_configured`, `invalid_configuration` */
export function resolveStorage(name: string, environment: Environment = process.env): StorageBackend {
  const binding =
    configured('storage', name, storageBinding, environment) ??
    localByDefault('storage', name, environment, (stateDir) => join(stateDir, 'storage', name))
  return new LocalStorage({ name, path: resolve(binding.path) })
}

/** @throws {BindingError} `not_configured`, `invalid_configuration` */
export function resolveVault(name: string, environment: Environment = process.env): VaultBackend {
  const binding =
    configured('vault', name, vaultBinding, environment) ??
    localByDefault('vault', name, environment, (stateDir) => join(stateDir, 'vault', `${name}.json`))
  return new LocalVault({ name, path: resolve(binding.path) })
}

type Kind = 'storage' | 'vault'

const EXAMPLES: Readonly<Record<Kind, string>> = {
  storage: '{"service":"local","path":"/var/lib/NAME"}',
  vault: '{"service":"local","path":"/var/lib/NAME.json"}',
}

const variableOf = (name: string): string => `ALIEN_${name.toUpperCase().replaceAll('-', '_')}_BINDING`

const exampleOf = (kind: Kind, name: string): string => EXAMPLES[kind].replace('NAME', name)

function configured<T>(kind: Kind, name: string, schema: z.ZodType<T>, environment: Environment): T | undefined {
  const variable = variableOf(name)
  const text = environment[variable]
  if (text === undefined || text === '') return undefined
  const wrong = (problem: string): BindingError =>
    new BindingError(
      'invalid_configuration',
      `${variable}, which configures ${kind} "${name}", is wrong: ${problem}; an example: ${exampleOf(kind, name)}`,
    )
  const value = parseJson(text)
  if (value === undefined) throw wrong('it is not JSON')
  const parsed = schema.safeParse(value)
  if (parsed.success) return parsed.data
  // zod's messages name fields and expectations, never the value, which may hold a credential.
  throw wrong(parsed.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; '))
}

function localByDefault(
  kind: Kind,
  name: string,
  environment: Environment,
  pathIn: (stateDir: string) => string,
): z.infer<typeof local> {
  if (environment['ALIEN_LOCAL_BINDINGS'] === '1') {
    return { service: 'local', path: pathIn(environment['ALIEN_STATE_DIR'] ?? '.alien') }
  }
  throw new BindingError(
    'not_configured',
    `${kind} "${name}" is not configured: set ${variableOf(name)}, for example to ${exampleOf(kind, name)}, or ALIEN_LOCAL_BINDINGS=1 for local bindings`,
  )
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
