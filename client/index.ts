/** Package entry `./commands`: what callers import. Loads nothing of Temporal, and little else. */
export { CommandsClient } from './commands-client.js'
export type { InvocationHandle } from './invocation-handle.js'
export type { CommandsClientOptions, InvokeOptions, RetryOptions } from './options.js'
export type { CancelVerdict } from '../protocol/cancel.js'
export { CommandError } from '../protocol/errors.js'
export type { ErrorCode, HandlerError } from '../protocol/errors.js'
export type { Invocation, InvocationStatus } from '../protocol/invocation.js'
export type {
  DroppedEvent,
  EndedEvent,
  InvocationEvent,
  LogEvent,
  ProgressEvent,
  StatusEvent,
} from '../protocol/events.js'
