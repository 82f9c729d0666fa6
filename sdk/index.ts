/** Package entry `.`: what the authors of handlers and of `alien.ts` import. Loads nothing of Temporal. */
export { command } from './command.js'
export type { CommandDefinition, CommandOptions, Handler } from './command.js'
export type { CommandContext, CommandLog, LogMethod } from './context.js'
export { Function, type FunctionCode, type FunctionDefinition } from './function.js'
export { Stack, type StackDefinition } from './stack.js'
export type { StorageBinding, VaultBinding } from '../bindings/binding-schema.js'
export { BindingError, type BindingErrorCode } from '../bindings/binding-error.js'
export {
  storage,
  type ObjectContent,
  type ObjectMetadata,
  type PutOptions,
  type Storage,
  type StoredObject,
  type WrittenObject,
} from './storage.js'
export { vault, type Vault } from './vault.js'
export { RetryableError, type RetryableErrorOptions } from './retryable-error.js'
export { CommandError } from '../protocol/errors.js'
export type { ErrorCode } from '../protocol/errors.js'
export type { ProgressReport } from '../protocol/events.js'
