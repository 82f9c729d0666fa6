/** Whether a binding works, by a real round trip: each step that fails says what is missing. */
import { randomUUID } from 'node:crypto'
import { BindingError } from './binding-error.js'
import type { Storage } from './storage/storage.js'
import type { Vault } from './vault/vault.js'

/** What went wrong, in the order it did; empty when all works. */
export type ProbeFailures = readonly string[]

/** Writes, reads, lists and deletes one object, whose key nobody else uses. */
export async function probeStorage(storage: Storage): Promise<ProbeFailures> {
  const key = `alien-bindings-check/${randomUUID()}`
  const text = `written by "alien bindings check" at ${new Date().toISOString()}`
  const steps = new Steps()
  if (await steps.run(() => storage.put(key, text, { contentType: 'text/plain' }))) {
    await steps.run(async () => {
      const read = await (await storage.get(key)).text()
      if (read !== text) throw different(`object "${key}" in storage "${storage.name}"`)
    })
  }
  await steps.run(() => drain(storage.list({ prefix: key })))
  await steps.run(() => storage.delete(key))
  return steps.failures
}

/**
 * Lists, and reads one secret: the first, if there is any.
 *
 * @param write Whether to set, read and delete a secret, too, whose key nobody else uses.
 */
export async function probeVault(vault: Vault, write: boolean): Promise<ProbeFailures> {
  const key = `alien-bindings-check-${randomUUID()}`
  const steps = new Steps()
  let keys: readonly string[] = []
  await steps.run(async () => (keys = await vault.list()))
  // Clouds may answer for what is not there, and deny what is.
  await steps.run(() => vault.get(keys[0] ?? key))
  if (!write) return steps.failures
  if (await steps.run(() => vault.set(key, key))) {
    await steps.run(async () => {
      if ((await vault.get(key)) !== key) throw different(`secret "${key}" in vault "${vault.name}"`)
    })
    await steps.run(() => vault.delete(key))
  }
  return steps.failures
}

const different = (what: string): BindingError =>
  new BindingError('invalid_content', `${what} is not as it was written`)

/** Steps that go on when one fails: an operator wants to hear of all missing permissions at once. */
class Steps {
  readonly failures: string[] = []

  /** Whether the step went well. */
  async run(step: () => Promise<unknown>): Promise<boolean> {
    try {
      await step()
      return true
    } catch (error) {
      if (!(error instanceof BindingError)) throw error
      // What fails for all steps alike is told once.
      if (!this.failures.includes(error.message)) this.failures.push(error.message)
      return false
    }
  }
}

async function drain(list: AsyncIterable<unknown>): Promise<void> {
  const iterator = list[Symbol.asyncIterator]()
  while ((await iterator.next()).done !== true);
}
