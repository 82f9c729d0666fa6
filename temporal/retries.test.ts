import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Connection } from '@temporalio/client'
import { expect, test } from 'vitest'
import { RETRIES } from './retries.js'

test('a call that waits for its next try when its connection is closed ends, and nothing is thrown', async () => {
  const temporal = createServer((socket) => socket.destroy()).listen(0, '127.0.0.1')
  await once(temporal, 'listening')
  const connection = Connection.lazy({
    address: `127.0.0.1:${(temporal.address() as AddressInfo).port}`,
    interceptors: RETRIES,
  })
  const { workflowService } = connection
  const ended = expect(workflowService.getSystemInfo({})).rejects.toMatchObject({
    code: 1,
    details: 'Channel has been shut down',
  })
  await once(temporal, 'connection')
  await connection.close()
  await ended
  await expect(workflowService.getSystemInfo({})).rejects.toMatchObject({ code: 1 })
  temporal.close()
})
