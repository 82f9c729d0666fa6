/** Microsoft's SDKs, as tests drive them: for Node in this process, for Python in one of its own. */
import { ServiceBusClient, type ServiceBusReceivedMessage, type ServiceBusReceiver } from '@azure/service-bus'
import { execa } from 'execa'
import { randomUUID } from 'node:crypto'
import { on } from 'node:events'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { AZURE_SERVICEBUS, installed } from '../tools.js'

export interface ReceivedMessage {
  /** For what is done with it. */
  readonly handle: string
  readonly id: string
  readonly body: string
  readonly deliveryCount: number
  readonly lockedUntilMs: number
  readonly deadLetterReason?: string | null
  readonly deadLetterDescription?: string | null
}

/** What both call differently: the message of the errors that are thrown. Others have the SDK's own. */
type Refusal = 'lock-lost' | 'too-large' | 'not-found' | 'unauthorized'

interface SdkCommands {
  readonly send: (given: { queue: string; messages: readonly { id: string; body: string }[] }) => unknown
  readonly receive: (given: { queue: string; deadLetters: boolean; waitMs: number }) => unknown
  readonly complete: (given: { handle: string }) => unknown
  readonly abandon: (given: { handle: string }) => unknown
  readonly deadLetter: (given: { handle: string; reason: string; description: string }) => unknown
  readonly renew: (given: { handle: string }) => unknown
  readonly peek: (given: { queue: string }) => unknown
}

type Command = keyof SdkCommands

export interface SdkClient {
  readonly run: <C extends Command>(command: C, given: Parameters<SdkCommands[C]>[0]) => Promise<unknown>
  readonly close: () => Promise<void>
}

export async function openPythonClient(connectionString: string): Promise<SdkClient> {
  const folder = await installed(AZURE_SERVICEBUS)
  const program = fileURLToPath(new URL('sdk_client.py', import.meta.url))
  const child = execa(join(folder, 'bin', 'python'), [program, connectionString], { stdout: 'pipe', reject: false })
  const lines = on(createInterface(child.stdout), 'line', { close: ['close'] })
  return {
    // One at a time: answers come in the order of the commands.
    run: async (command, given) => {
      child.stdin.write(`${JSON.stringify([command, given])}\n`)
      const next = (await lines.next()) as IteratorResult<[string]>
      if (next.done === true) throw new Error(`the program ended: ${(await child).stderr}`)
      const { result, error } = JSON.parse(next.value[0]) as { result?: unknown; error?: string }
      if (error !== undefined) throw new Error(error)
      return result
    },
    close: async () => {
      child.stdin.end()
      await child
    },
  }
}

const REFUSALS: Readonly<Record<string, Refusal>> = {
  MessageLockLost: 'lock-lost',
  MessageSizeExceeded: 'too-large',
  MessagingEntityNotFound: 'not-found',
  UnauthorizedAccess: 'unauthorized',
}

export function openNodeClient(connectionString: string): SdkClient {
  const client = new ServiceBusClient(connectionString, { retryOptions: { maxRetries: 0 } })
  const commands = new NodeCommands(client)
  return {
    run: async (command, given) => {
      try {
        return await (commands[command] as (given: unknown) => unknown)(given)
      } catch (error) {
        const code = (error as { code?: string }).code ?? ''
        throw new Error(REFUSALS[code] ?? String(error), { cause: error })
      }
    },
    close: () => client.close(),
  }
}

class NodeCommands implements SdkCommands {
  readonly #client: ServiceBusClient
  readonly #receivers = new Map<string, ServiceBusReceiver>()
  readonly #received = new Map<string, { receiver: ServiceBusReceiver; message: ServiceBusReceivedMessage }>()

  constructor(client: ServiceBusClient) {
    this.#client = client
  }

  readonly send: SdkCommands['send'] = async ({ queue, messages }) => {
    const made = messages.map(({ id, body }) => ({ messageId: id, body: Buffer.from(body) }))
    const sender = this.#client.createSender(queue)
    await sender.sendMessages(made.length === 1 && made[0] !== undefined ? made[0] : made)
    await sender.close()
  }

  readonly receive: SdkCommands['receive'] = async ({ queue, deadLetters, waitMs }) => {
    const receiver = this.#receiver(queue, deadLetters)
    const [message] = await receiver.receiveMessages(1, { maxWaitTimeInMs: waitMs })
    if (message === undefined) return null
    const handle = randomUUID()
    this.#received.set(handle, { receiver, message })
    return {
      handle,
      id: message.messageId,
      body: String(message.body),
      deliveryCount: message.deliveryCount,
      lockedUntilMs: message.lockedUntilUtc?.getTime(),
      deadLetterReason: message.deadLetterReason,
      deadLetterDescription: message.deadLetterErrorDescription,
    }
  }

  readonly complete: SdkCommands['complete'] = ({ handle }) => {
    const { receiver, message } = this.#find(handle)
    return receiver.completeMessage(message)
  }

  readonly abandon: SdkCommands['abandon'] = ({ handle }) => {
    const { receiver, message } = this.#find(handle)
    return receiver.abandonMessage(message)
  }

  readonly deadLetter: SdkCommands['deadLetter'] = ({ handle, reason, description }) => {
    const { receiver, message } = this.#find(handle)
    return receiver.deadLetterMessage(message, {
      deadLetterReason: reason,
      deadLetterErrorDescription: description,
    })
  }

  readonly renew: SdkCommands['renew'] = async ({ handle }) => {
    const { receiver, message } = this.#find(handle)
    return (await receiver.renewMessageLock(message)).getTime()
  }

  readonly peek: SdkCommands['peek'] = async ({ queue }) => {
    // Each look of a client goes on where the last one ended, so that tests look once.
    const messages = await this.#receiver(queue, false).peekMessages(10)
    return messages.map(({ messageId }) => messageId)
  }

  #find(handle: string) {
    const found = this.#received.get(handle)
    if (found === undefined) throw new Error(`nothing was received as ${handle}`)
    return found
  }

  #receiver(queue: string, deadLetters: boolean): ServiceBusReceiver {
    const key = `${queue} ${deadLetters}`
    const receiver =
      this.#receivers.get(key) ??
      this.#client.createReceiver(queue, {
        ...(deadLetters ? { subQueueType: 'deadLetter' as const } : {}),
        skipParsingBodyAsJson: true,
        // Tests see locks end.
        maxAutoLockRenewalDurationInMs: 0,
      })
    this.#receivers.set(key, receiver)
    return receiver
  }
}
