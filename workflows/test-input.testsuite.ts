import type { InvokeCommandInput, ResolvedPolicy } from '../protocol/invocation.js'

export type PolicyChanges = Partial<Omit<ResolvedPolicy, 'retry'>> & { retry?: Partial<ResolvedPolicy['retry']> }

/** An invocation of `generate-report` that may run three times, for tests. */
export const testInput = ({ retry, ...policy }: PolicyChanges = {}): InvokeCommandInput => ({
  deployment: { id: 'dep_1', name: 'acme-corp' },
  command: 'generate-report',
  taskQueue: 'deployment-dep_1',
  policy: {
    timeoutMs: null,
    queueTimeoutMs: 3_600_000,
    deadlineMs: null,
    heartbeatTimeoutMs: 8_000,
    retry: {
      maxAttempts: 3,
      initialIntervalMs: 1_000,
      backoffCoefficient: 2,
      maxIntervalMs: 100_000,
      nonRetryableCodes: [],
      ...retry,
    },
    atMostOnce: false,
    exposeStack: false,
    ...policy,
  },
})
