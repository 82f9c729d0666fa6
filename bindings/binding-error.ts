/** What can go wrong between a handler and a binding. */

export type BindingErrorCode =
  /** No such object or secret. */
  | 'not_found'
  /** `ifNotExists` or `ifMatch` does not hold, or an object was replaced while it was read. */
  | 'precondition_failed'
  /** A key that breaks the key rules, or that this backend cannot hold. */
  | 'invalid_key'
  /** A content, secret or option of the wrong kind. */
  | 'invalid_value'
  /** Stored content that is not what was asked for, e.g. no JSON. */
  | 'invalid_content'
  /** A directory backend holds an object where a folder is needed, or the other way round. */
  | 'key_conflict'
  /** The backend cannot do this at all. */
  | 'unsupported'
  /** The binding's name breaks the name rule. */
  | 'invalid_name'
  /** Nothing says where the binding lives. */
  | 'not_configured'
  /** What says where the binding lives is malformed. */
  | 'invalid_configuration'
  /** The backend refuses this process. */
  | 'access_denied'
  /** The backend failed or is busy; trying again may help. */
  | 'unavailable'

/**
 * Thrown by `storage()` and `vault()`. Tell them apart by `code`. When a handler lets it pass, the caller receives its
 * name, code and message; so messages name bindings and keys, never contents.
 */
export class BindingError extends Error {
  override readonly name = 'BindingError'
  readonly code: BindingErrorCode

  constructor(code: BindingErrorCode, message: string, options?: { readonly cause?: unknown }) {
    super(message, options)
    this.code = code
  }
}
