import { expect, test } from 'vitest'
import { readinessOf } from '../observability/readiness.js'
import { CommandError } from '../protocol/errors.js'
import { agentProbes } from './agent-probes.js'

const SILENT = { warn: () => undefined }
const GOES_ON = new AbortController().signal

const reasons = async (isReceiving: () => Promise<boolean>, stop = GOES_ON): Promise<(string | undefined)[]> => {
  const { status, checks } = await readinessOf(agentProbes({ isReceiving }, stop), SILENT)
  return [status, ...Object.values(checks).flatMap(({ reason }) => reason ?? [])]
}

test('an agent is ready when the control plane sees its polls', async () => {
  expect(await reasons(() => Promise.resolve(true))).toStrictEqual(['ready'])
})

test.each([
  [() => Promise.resolve(false), 'the polls of this agent do not arrive at the control plane'],
  [() => Promise.reject(new CommandError('unauthenticated', 'x')), 'the control plane refuses the agent token'],
  [() => Promise.reject(new CommandError('unavailable', 'x')), 'the control plane does not answer'],
])('else it says why not (%#)', async (isReceiving, reason) => {
  expect(await reasons(isReceiving)).toStrictEqual(['not_ready', reason])
})

test('one that was told to stop takes no more work', async () => {
  expect(await reasons(() => Promise.resolve(true), AbortSignal.abort())).toStrictEqual(['not_ready', 'shutting down'])
})
