/**
 * What the Azure Functions host does with a function of Node that a queue triggers: looks connection and queue up in the
 * app's settings, hands a message over as text which the worker reads as JSON where it can, renews its lock meanwhile,
 * completes it when the function resolves, and gives it back when it rejects. What it does not model: scaling, the
 * function's time-out, the worker's own process.
 */
import functions, { type ServiceBusQueueFunctionOptions } from '@azure/functions'
import { ServiceBusClient } from '@azure/service-bus'
import { vi } from 'vitest'

/** As the `host.json` that `alien build` makes has it. */
const MAX_LOCK_RENEWAL_MS = 600_000
const MAX_CONCURRENT_CALLS = 16

type Settings = Readonly<Record<string, string>>

/**
 * @param register Registers one function; without the host, Microsoft's package takes that and does nothing.
 * @returns What stops it.
 */
export async function startFunctionsHost(
  register: () => Promise<void>,
  settings: Settings,
): Promise<() => Promise<void>> {
  const [name, { connection, queueName, handler }] = await registeredBy(register)
  const client = new ServiceBusClient(setting(settings, connection))
  const queue = queueName.replace(/%(\w+)%/g, (_, variable: string) => setting(settings, variable))
  const receiver = client.createReceiver(queue, {
    maxAutoLockRenewalDurationInMs: MAX_LOCK_RENEWAL_MS,
    skipParsingBodyAsJson: true,
  })
  receiver.subscribe(
    {
      processMessage: async ({ body, messageId, deliveryCount }) => {
        const triggerMetadata = { messageId, deliveryCount }
        const context = new functions.InvocationContext({ functionName: name, triggerMetadata })
        await handler(asWorker(String(body)), context)
      },
      // A function that rejects is told here as well.
      processError: () => Promise.resolve(),
    },
    { maxConcurrentCalls: MAX_CONCURRENT_CALLS },
  )
  return () => client.close()
}

async function registeredBy(register: () => Promise<void>): Promise<[string, ServiceBusQueueFunctionOptions]> {
  const serviceBusQueue = vi.spyOn(functions.app, 'serviceBusQueue')
  await register()
  const [registered] = serviceBusQueue.mock.calls
  serviceBusQueue.mockRestore()
  if (registered === undefined) throw new Error('no function was registered')
  return registered
}

function setting(settings: Settings, name: string): string {
  const value = settings[name]
  if (value === undefined) throw new Error(`the app has no setting ${name}`)
  return value
}

function asWorker(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return text
  }
}
