import type { Probe } from '../../observability/readiness.js'
import { CommandError } from '../../protocol/errors.js'
import type { Registry } from './open-registry.js'

/** Whether the registry answers to a process that needs it. */
export const registryProbe = (registry: Pick<Registry, 'ping'>): Probe => ({
  ask: () => registry.ping(),
  reasonOf: (error) => {
    const { cause } = error as { cause?: { code?: unknown } }
    // PostgreSQL's class of codes for who may not log in.
    if (String(cause?.code).startsWith('28')) return 'the registry refuses the credentials'
    if (error instanceof CommandError && error.code === 'unavailable') return 'the registry cannot be reached'
    return 'the registry does not answer a query'
  },
})
