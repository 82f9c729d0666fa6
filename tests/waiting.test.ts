/** What is told of an invocation while the vendor's side has no worker that would begin it. */
import { startTestStack, type TestStack } from '@alienplatform/sdk/testing'
import { Connection } from '@temporalio/client'
import { msToTs } from '@temporalio/common/lib/time.js'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { plainTemporal } from '../temporal/settings.js'
import { controlPlaneOfTest } from './support/control-plane.js'
import { eventually } from './support/eventually.js'
import { callApi } from './support/http.js'

const TOKEN = 'a'.repeat(32)
/** Of its own: the stack's vendor worker serves the default one. */
const NAMESPACE = 'unserved'

let stack: TestStack

beforeAll(async () => {
  stack = await startTestStack({ handlers: 'tests/fixtures/handlers.ts', deployments: [] })
  const connection = await Connection.connect({ address: stack.state.temporalAddress })
  await connection.workflowService.registerNamespace({
    namespace: NAMESPACE,
    workflowExecutionRetentionPeriod: msToTs('1 day'),
  })
  await eventually('the namespace is there', () =>
    connection.workflowService.describeNamespace({ namespace: NAMESPACE }).catch(() => undefined),
  )
  await connection.close()
})

afterAll(() => stack.close())

test('an invocation that no vendor worker takes is queued, and says so', async () => {
  const controlPlane = await controlPlaneOfTest(stack.state.temporalAddress, TOKEN, {
    temporal: plainTemporal(stack.state.temporalAddress, NAMESPACE),
  })
  await callApi(controlPlane, TOKEN, 'POST', '/v1/deployments', { name: 'acme' })
  const started = await callApi(controlPlane, TOKEN, 'POST', '/v1/invocations', { deployment: 'acme', command: 'work' })
  expect(started.status).toBe(202)
  expect(await callApi(controlPlane, TOKEN, 'GET', `/v1/invocations/${String(started.body.id)}`)).toMatchObject({
    status: 202,
    body: {
      status: 'queued',
      waiting: { for: 'vendor_worker', message: 'a vendor worker has not taken its next step yet' },
    },
  })
})
