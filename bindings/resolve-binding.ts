/**
 * From a binding's name to its backend.
 *
 * `ALIEN_<NAME>_BINDING` says which, as JSON with a `service`. Without it, and only where `ALIEN_LOCAL_BINDINGS=1`
 * allows it, as under `alien dev`, the binding is local and lives in `ALIEN_STATE_DIR` (default: `.alien` in the
 * working directory). Anything else is an error: in production a forgotten variable must not make an empty folder.
 *
 * A binding is opened once a process, so that all who name it share its connections and its cache.
 */
import { join, resolve } from 'node:path'
import type { z } from 'zod'
import { parseJson } from '../protocol/json.js'
import { BindingError } from './binding-error.js'
import { bindingVariable, type BindingKind, type BindingRef } from './binding-link.js'
import { storageBinding, vaultBinding } from './binding-schema.js'
import { openStorage, openVault, type Environment } from './open-backend.js'
import type { StorageBackend } from './storage/storage-backend.js'
import type { VaultBackend } from './vault/vault-backend.js'

const SCHEMAS = { storage: storageBinding, vault: vaultBinding } as const

type Checked<K extends BindingKind> = z.output<(typeof SCHEMAS)[K]>

const storages = new Map<string, StorageBackend>()
const vaults = new Map<string, VaultBackend>()

/** @throws {BindingError} `not_configured`, `invalid_configuration` */
export function resolveStorage(name: string, environment: Environment = process.env): StorageBackend {
  const binding = checkedBinding('storage', name, environment)
  return once(storages, name, binding, () => {
    announceFallback({ kind: 'storage', name }, environment)
    return openStorage(name, binding)
  })
}

/** @throws {BindingError} `not_configured`, `invalid_configuration` */
export function resolveVault(name: string, environment: Environment = process.env): VaultBackend {
  const binding = checkedBinding('vault', name, environment)
  return once(vaults, name, binding, () => {
    announceFallback({ kind: 'vault', name }, environment)
    return openVault(name, binding, environment)
  })
}

/** What configures the binding. @throws {BindingError} `not_configured`, `invalid_configuration` */
export function checkedBinding<K extends BindingKind>(kind: K, name: string, environment: Environment): Checked<K> {
  const variable = bindingVariable(name)
  const text = environment[variable]
  if (text !== undefined && text !== '') return parseBinding(kind, name, text)
  if (environment['ALIEN_LOCAL_BINDINGS'] === '1')
    return parseBinding(kind, name, localBinding(kind, name, environment))
  throw new BindingError(
    'not_configured',
    `${kind} "${name}" is not configured: set ${variable}, for example to ${exampleOf(kind, name)}, or ALIEN_LOCAL_BINDINGS=1 for local bindings`,
  )
}

let onFallback: (message: string) => void = () => undefined

/** Whom to tell when a binding is local because nothing configures it; an agent tells its log. */
export function tellFallbacks(tell: (message: string) => void): void {
  onFallback = tell
}

function announceFallback({ kind, name }: BindingRef, environment: Environment): void {
  if (environment[bindingVariable(name)]) return
  onFallback(
    `${kind} "${name}" is not configured by ${bindingVariable(name)}: a local one stands in, in ${stateDirOf(environment)}`,
  )
}

const stateDirOf = (environment: Environment): string => resolve(environment['ALIEN_STATE_DIR'] ?? '.alien')

function once<T>(opened: Map<string, T>, name: string, binding: object, open: () => T): T {
  const key = `${name} ${JSON.stringify(binding)} ${process.cwd()}`
  const kept = opened.get(key)
  if (kept !== undefined) return kept
  const backend = open()
  opened.set(key, backend)
  return backend
}

const EXAMPLES: Readonly<Record<BindingKind, string>> = {
  storage: '{"service":"local","path":"/var/lib/NAME"}',
  vault: '{"service":"local","path":"/var/lib/NAME.json"}',
}

const exampleOf = (kind: BindingKind, name: string): string => EXAMPLES[kind].replace('NAME', name)

function localBinding(kind: BindingKind, name: string, environment: Environment): string {
  const stateDir = environment['ALIEN_STATE_DIR'] ?? '.alien'
  const path = kind === 'storage' ? join(stateDir, 'storage', name) : join(stateDir, 'vault', `${name}.json`)
  return JSON.stringify({ service: 'local', path })
}

/** @throws {BindingError} `invalid_configuration` */
export function parseBinding<K extends BindingKind>(kind: K, name: string, text: string): Checked<K> {
  const wrong = (problem: string): BindingError =>
    new BindingError(
      'invalid_configuration',
      `${bindingVariable(name)}, which configures ${kind} "${name}", is wrong: ${problem}; an example: ${exampleOf(kind, name)}`,
    )
  const value = parseJson(text)
  if (value === undefined) throw wrong('it is not JSON')
  const parsed = SCHEMAS[kind].safeParse(value)
  if (parsed.success) return parsed.data as Checked<K>
  // zod's messages name fields and expectations, never the value, which may hold a credential.
  throw wrong(parsed.error.issues.map(({ path, message }) => [...path, message].join(': ')).join('; '))
}
