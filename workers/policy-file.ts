/**
 * The customer's policy file, read again whenever it changes.
 *
 * Invariants:
 *  P1  a file that was there once and is gone or broken is never taken for "no policy"
 *  P2  whatever the file comes to is told once, in order
 */
import { readFile } from 'node:fs/promises'
import type { CustomerPolicy } from '../protocol/customer-policy.js'
import { CommandError } from '../protocol/errors.js'
import { parseCustomerPolicy } from '../protocol/parse-customer-policy.js'
import type { PolicyLocation } from './policy-location.js'

export interface PolicyFileEvents {
  /** What it says now; first as it is opened, if it is there. */
  readonly onPolicy: (policy: CustomerPolicy) => void
  /** It cannot be read any more, or breaks the schema. */
  readonly onBroken: (error: CommandError) => void
}

/**
 * Well within the second in which a change must be in force. Read, not watched: the file is small, and notifications
 * miss links that are swapped, as Kubernetes does with mounted files.
 */
const LOOK_MS = 500

export class PolicyFile {
  readonly #location: PolicyLocation
  readonly #events: PolicyFileEvents
  /** What was told last: the file's text, or what was wrong with it. */
  #told: string | undefined
  #timer: NodeJS.Timeout | undefined
  #closed = false

  private constructor(location: PolicyLocation, events: PolicyFileEvents) {
    this.#location = location
    this.#events = events
  }

  /** @throws {CommandError} `invalid_request` when the file is not there though it must be, or breaks the schema */
  static async open(location: PolicyLocation, events: PolicyFileEvents): Promise<PolicyFile> {
    const opened = new PolicyFile(location, events)
    const text = await readText(location)
    if (text !== undefined) opened.#tell(text, parseCustomerPolicy(text, location.file))
    opened.#lookLater()
    return opened
  }

  close(): void {
    this.#closed = true
    clearTimeout(this.#timer)
  }

  #lookLater(): void {
    if (this.#closed) return
    this.#timer = setTimeout(() => void this.#look().finally(() => this.#lookLater()), LOOK_MS)
    this.#timer.unref()
  }

  async #look(): Promise<void> {
    const { file, required } = this.#location
    try {
      // P1
      const text = await readText({ file, required: required || this.#told !== undefined })
      if (text === undefined || this.#closed || text === this.#told) return
      this.#tell(text, parseCustomerPolicy(text, file))
    } catch (thrown) {
      this.#tellBroken(CommandError.from(thrown))
    }
  }

  #tell(text: string, policy: CustomerPolicy): void {
    this.#told = text
    this.#events.onPolicy(policy)
  }

  #tellBroken(error: CommandError): void {
    // P2
    if (this.#closed || error.message === this.#told) return
    this.#told = error.message
    this.#events.onBroken(error)
  }
}

/**
 * The policy of a file; `undefined` when there is none and none is required.
 *
 * @throws {CommandError} `invalid_request` when it cannot be read or breaks the schema, naming the file
 */
export async function readPolicy(location: PolicyLocation): Promise<CustomerPolicy | undefined> {
  const text = await readText(location)
  return text === undefined ? undefined : parseCustomerPolicy(text, location.file)
}

async function readText({ file, required }: PolicyLocation): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8')
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code !== 'ENOENT') {
      throw new CommandError('invalid_request', `cannot read policy file ${file}: ${code ?? String(error)}`, {
        cause: error,
      })
    }
    if (!required) return undefined
    throw new CommandError(
      'invalid_request',
      `there is no policy file ${file}; write one, {} allows everything, or name another with --policy or ALIEN_POLICY`,
      { cause: error },
    )
  }
}
