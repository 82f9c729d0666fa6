import pino from 'pino'
import { expect, onTestFinished, test } from 'vitest'
import { TcpProxy } from '../tests/support/tcp-proxy.js'
import { resolveTemporalBinary } from './binary.js'
import { startDevServer } from './dev-server.js'
import { connectNative } from './native-connection.js'
import { temporalProbe } from './probe.js'

test('says of a native connection what does not answer in time, and what is not there', async () => {
  const { path } = await resolveTemporalBinary()
  const server = await startDevServer({ binaryPath: path })
  onTestFinished(() => server.stop())
  const link = await TcpProxy.before(`http://${server.address}`)
  onTestFinished(() => link[Symbol.asyncDispose]())
  const connection = await connectNative({ address: new URL(link.url).host }, pino({ level: 'silent' }))
  onTestFinished(() => connection.close())
  const reason = async (namespace: string, withinMs: number): Promise<string> => {
    const { ask, reasonOf } = temporalProbe(connection, namespace)
    return Promise.resolve(ask(Date.now() + withinMs)).then(() => 'none', reasonOf)
  }
  expect(await reason('default', 10_000)).toBe('none')
  expect(await reason('nowhere', 10_000)).toBe('the namespace does not exist')
  link.cut('hang')
  expect(await reason('default', 300)).toBe('no answer within 2000 ms')
})
