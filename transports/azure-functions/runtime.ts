/** Package entry `./azure-functions`: serves commands from an Azure Function that a Service Bus queue triggers (v4 model). */
import { loadSdk } from '../../bindings/load-sdk.js'
import { createHandlerRuntime } from '../runtime/handler-runtime.js'
import { isDone } from '../runtime/is-done.js'
import { runtimeSettings, type RuntimeOptions } from '../runtime/runtime-settings.js'

export type { RuntimeOptions } from '../runtime/runtime-settings.js'

export interface TriggerOptions extends RuntimeOptions {
  /** Name of the app setting with the connection, or the prefix of `…__fullyQualifiedNamespace`. Default: `ServiceBus`. */
  readonly connection?: string
  /** The queue, or an app setting as `%NAME%`. Default: `%SERVICEBUS_QUEUE%`. */
  readonly queueName?: string
  /** `functionTimeout` of host.json, which ends a handler's time. Default: 10 minutes. */
  readonly functionTimeoutMs?: number
}

/** The host completes the message when it resolves, and gives it back to the queue when it rejects. */
export type QueueHandler = (message: unknown) => Promise<void>

const FUNCTION_TIMEOUT_MS = 600_000

/** @throws {CommandError} `invalid_request` at once when a setting is missing */
export function createQueueHandler(options: TriggerOptions = {}): QueueHandler {
  const runtime = createHandlerRuntime('azure-functions', runtimeSettings(options))
  const remainingMs = options.functionTimeoutMs ?? FUNCTION_TIMEOUT_MS
  return async (message) => {
    const end = await runtime.deliver(message, remainingMs)
    if (end.kind !== 'done' && !isDone(end)) throw end.error
  }
}

/**
 * Registers the function, under the name `alien`.
 *
 * @throws {CommandError} as `createQueueHandler` does; `BindingError` without `@azure/functions`
 */
export async function registerQueueTrigger(options: TriggerOptions = {}): Promise<void> {
  const handler = createQueueHandler(options)
  const { app } = await loadSdk('an Azure Function', ['@azure/functions'], () => import('@azure/functions'))
  const { connection = 'ServiceBus', queueName = '%SERVICEBUS_QUEUE%' } = options
  app.serviceBusQueue('alien', { connection, queueName, handler })
}
