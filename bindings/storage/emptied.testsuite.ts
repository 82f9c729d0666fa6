import type { StorageBackend } from './storage-backend.js'

/** A bucket of a real cloud, which tests cannot make anew each time. */
export async function emptied<B extends StorageBackend>(backend: B): Promise<B> {
  for await (const { key } of backend.list('')) await backend.delete(key)
  return backend
}
