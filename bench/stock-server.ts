/** `temporal server start-dev` as it comes: ports of its own and a quiet log, and no other setting. */
import { Connection } from '@temporalio/client'
import { freePort } from '../temporal/free-port.js'
import { spawnGuarded } from '../temporal/guardian.js'

export interface StockServer {
  readonly address: string
  readonly stop: () => Promise<void>
}

export async function startStockServer(temporalPath: string): Promise<StockServer> {
  const port = await freePort()
  const args = ['server', 'start-dev', '--port', String(port), '--ui-port', String(await freePort())]
  const server = await spawnGuarded(temporalPath, [...args, '--log-level', 'error'], {
    stopGraceSeconds: 5,
    onLine: () => undefined,
  })
  const address = `127.0.0.1:${port}`
  try {
    await untilServing(address)
  } catch (error) {
    await server.stop()
    throw error
  }
  return { address, stop: server.stop }
}

async function untilServing(address: string): Promise<void> {
  const connection = Connection.lazy({ address, connectTimeout: '30s' })
  try {
    await connection.ensureConnected()
    await connection.workflowService.describeNamespace({ namespace: 'default' })
  } finally {
    await connection.close()
  }
}
