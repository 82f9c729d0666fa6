/** `storage()`: files and objects that a handler may read and write. */
import { BindingError } from '../bindings/binding-error.js'
import { lazy } from '../bindings/lazy.js'
import { Storage } from '../bindings/storage/storage.js'
import { resourceNameProblem } from '../protocol/resource-name.js'

export type { Storage, PutOptions } from '../bindings/storage/storage.js'
export type { ObjectContent } from '../bindings/storage/object-content.js'
export type { ObjectMetadata, WrittenObject } from '../bindings/storage/storage-backend.js'
export type { StoredObject } from '../bindings/storage/stored-object.js'

/**
 * The storage that `ALIEN_<NAME>_BINDING` configures. May be called where that is not set yet: it is read, and a
 * mistake in it thrown, by the first operation.
 *
 * @throws {BindingError} `invalid_name`
 */
export function storage(name: string): Storage {
  const problem = resourceNameProblem('storage', name)
  if (problem !== undefined) throw new BindingError('invalid_name', problem)
  // Loaded at the first use, for it brings the backends and zod.
  return new Storage(
    name,
    lazy(async () => (await import('../bindings/resolve-binding.js')).resolveStorage(name)),
  )
}
