/** The senders of this process: one for each deployment, kept as long as its transport stays what it is. */
import type { Envelope } from '../protocol/envelope.js'
import type { DeploymentRef } from '../protocol/invocation.js'
import type { PushTransport } from '../protocol/transport.js'
import { LambdaSender } from './lambda/sender.js'
import { PubsubSender } from './pubsub/sender.js'
import type { Sender } from './sender.js'
import { ServiceBusSender } from './service-bus/sender.js'

interface Kept {
  readonly transport: string
  readonly sender: Sender
  sending: number
  isRetired: boolean
}

/** Clients hold connections; those of deployments that were not used for longest go first. */
const MAX_KEPT = 500

export class Senders {
  readonly #kept = new Map<string, Kept>()

  /** As {@link Sender.send}. */
  async send(deployment: DeploymentRef, transport: PushTransport, envelope: Envelope): Promise<unknown> {
    const kept = this.#find(deployment, transport)
    kept.sending += 1
    try {
      return await kept.sender.send(envelope)
    } finally {
      kept.sending -= 1
      if (kept.isRetired) retire(kept)
    }
  }

  /** What is being sent goes on to its end. */
  close(): void {
    for (const kept of this.#kept.values()) retire(kept)
    this.#kept.clear()
  }

  #find(deployment: DeploymentRef, transport: PushTransport): Kept {
    const text = JSON.stringify(transport)
    const known = this.#kept.get(deployment.id)
    this.#kept.delete(deployment.id)
    const kept = known?.transport === text ? known : newlyKept(text, createSender(transport, deployment))
    if (known !== undefined && known !== kept) retire(known)
    this.#kept.set(deployment.id, kept)
    const [oldest] = this.#kept
    if (this.#kept.size > MAX_KEPT && oldest !== undefined) {
      this.#kept.delete(oldest[0])
      retire(oldest[1])
    }
    return kept
  }
}

const newlyKept = (transport: string, sender: Sender): Kept => ({ transport, sender, sending: 0, isRetired: false })

function retire(kept: Kept): void {
  kept.isRetired = true
  // One that could not even be opened is closed already.
  if (kept.sending === 0) kept.sender.close().catch(() => undefined)
}

function createSender(transport: PushTransport, deployment: DeploymentRef): Sender {
  switch (transport.kind) {
    case 'lambda':
      return new LambdaSender(transport, deployment)
    case 'pubsub':
      return new PubsubSender(transport)
    case 'service-bus':
      return new ServiceBusSender(transport)
    default:
      return transport satisfies never
  }
}
