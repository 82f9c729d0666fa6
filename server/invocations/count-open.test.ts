import { Server, ServerCredentials, type handleUnaryCall } from '@grpc/grpc-js'
import { Client, Connection } from '@temporalio/client'
import { expect, onTestFinished, test } from 'vitest'
import { eventually } from '../../tests/support/eventually.js'
import { openInvocations } from './count-open.js'

const bytes = (value: Buffer): Buffer => value

/** A Temporal that takes questions and answers none. */
async function silentTemporal() {
  const calls = { taken: 0, calledOff: 0 }
  const server = new Server()
  const register = (method: string, handler: handleUnaryCall<Buffer, Buffer>) =>
    server.register(`/temporal.api.workflowservice.v1.WorkflowService/${method}`, handler, bytes, bytes, 'unary')
  register('GetSystemInfo', (_, callback) => callback(null, Buffer.alloc(0)))
  register('CountWorkflowExecutions', (call) => {
    calls.taken += 1
    call.on('cancelled', () => (calls.calledOff += 1))
  })
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error === null ? resolve(bound) : reject(error),
    )
  })
  onTestFinished(() => server.forceShutdown())
  const connection = Connection.lazy({ address: `127.0.0.1:${port}` })
  onTestFinished(() => connection.close())
  return { calls, reader: new Client({ connection }) }
}

test('what is given up is called off at Temporal, and asked once by all who wait', async () => {
  const { calls, reader } = await silentTemporal()
  const open = openInvocations({ reader })
  const answers = await Promise.allSettled([open(), open()])
  expect(answers.map(({ status }) => status)).toStrictEqual(['rejected', 'rejected'])
  await eventually('Temporal hears of it', () => (calls.calledOff > 0 ? true : undefined))
  expect(calls).toStrictEqual({ taken: 1, calledOff: 1 })
})
