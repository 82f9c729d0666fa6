/** A control plane whose links to PostgreSQL and to Temporal can be cut. */
import { startControlPlane } from '@alienplatform/sdk/server'
import pino from 'pino'
import { plainTemporal } from '../../temporal/settings.js'
import { openOrClose } from '../../workers/closers.js'
import { TcpProxy } from './tcp-proxy.js'

interface Needs {
  readonly databaseUrl: string
  /** With the search attributes of invocations. */
  readonly temporalAddress: string
  readonly apiKey?: { readonly name: string; readonly token: string }
  /** Default: false. */
  readonly vendorWorker?: boolean
}

export interface FragileControlPlane extends AsyncDisposable {
  readonly url: string
  readonly postgres: TcpProxy
  readonly temporal: TcpProxy
  /** From warnings on, a line of JSON each. */
  readonly log: readonly string[]
}

export const startFragileControlPlane = ({
  databaseUrl,
  temporalAddress,
  apiKey,
  vendorWorker = false,
}: Needs): Promise<FragileControlPlane> =>
  openOrClose(async (closers) => {
    const registry = new URL(databaseUrl)
    const postgres = await TcpProxy.before(registry.href)
    closers.add(() => postgres[Symbol.asyncDispose]())
    const temporal = await TcpProxy.before(`http://${temporalAddress}`)
    closers.add(() => temporal[Symbol.asyncDispose]())
    registry.port = new URL(postgres.url).port
    const log: string[] = []
    const controlPlane = await startControlPlane({
      host: '127.0.0.1',
      port: 0,
      registry: { url: registry.href },
      apiKey,
      temporal: plainTemporal(new URL(temporal.url).host, 'default'),
      vendorWorker,
      log: pino({ level: 'warn' }, { write: (line) => void log.push(line) }),
    })
    closers.add(() => controlPlane.close())
    const close = () => {
      // It writes what it still has.
      for (const link of [postgres, temporal]) link.restore()
      return closers.close()
    }
    return { url: controlPlane.url, postgres, temporal, log, [Symbol.asyncDispose]: close }
  })
