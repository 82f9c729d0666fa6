/** Copies in stores that copy the version which they are told, and no other. */
import { cloudError, toBindingError, type CloudOperation } from '../cloud-error.js'
import type { ObjectMetadata, WrittenObject } from './storage-backend.js'

interface CopyNewest {
  readonly to: string
  readonly operation: CloudOperation
  readonly head: () => Promise<ObjectMetadata | undefined>
  /** Gives the ETag of what it made of this version. */
  readonly copy: (source: ObjectMetadata) => Promise<string>
}

export async function copyNewest({ to, operation, head, copy }: CopyNewest): Promise<WrittenObject | 'missing'> {
  for (let attempt = 1; ; attempt++) {
    const source = await head()
    if (source === undefined) return 'missing'
    try {
      return { ...source, key: to, etag: await copy(source) }
    } catch (error) {
      // Replaced or deleted since: its newer version will do.
      const { status } = cloudError(error)
      if (attempt === 1 && (status === 412 || status === 404)) continue
      throw toBindingError(operation, error)
    }
  }
}
