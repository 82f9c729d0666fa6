/** A namespace of Service Bus for legs: the tests' broker, or the cloud's own that `SERVICEBUS_CONNECTION_STRING` is of. */
import { parseServiceBusConnectionString, ServiceBusAdministrationClient } from '@azure/service-bus'
import { randomUUID } from 'node:crypto'
import { afterAll } from 'vitest'
import { ServiceBusBroker } from './broker.js'

interface TestQueueOptions {
  /** At least 5 s, as the service has it. Default: 30 s. */
  readonly lockMs?: number
  readonly maxDeliveryCount?: number
}

export interface Namespace {
  /** With all rights. */
  readonly connectionString: string
  /** With its port, where it has one: as deployments are given it. */
  readonly host: string
  /** A queue of its own, by its name. */
  readonly createQueue: (options?: TestQueueOptions) => Promise<string>
}

type AtEnd = (close: () => Promise<unknown>) => void

/** @param atEnd Default: with the test file. */
export async function openNamespace(atEnd: AtEnd = afterAll): Promise<Namespace> {
  const given = process.env['SERVICEBUS_CONNECTION_STRING'] ?? ''
  if (given !== '') return cloudNamespace(given, atEnd)
  const broker = await ServiceBusBroker.start()
  atEnd(() => broker.close())
  return {
    connectionString: broker.connectionString(),
    host: broker.namespace,
    createQueue: (options) => Promise.resolve(broker.createQueue(newName(), options).name),
  }
}

function cloudNamespace(connectionString: string, atEnd: AtEnd): Namespace {
  const administration = new ServiceBusAdministrationClient(connectionString)
  return {
    connectionString,
    host: parseServiceBusConnectionString(connectionString).fullyQualifiedNamespace,
    createQueue: async ({ lockMs = 30_000, maxDeliveryCount = 10 } = {}) => {
      const name = newName()
      await administration.createQueue(name, { lockDuration: `PT${lockMs / 1_000}S`, maxDeliveryCount })
      atEnd(() => administration.deleteQueue(name))
      return name
    },
  }
}

const newName = (): string => `alien-tests-${randomUUID()}`
