/** From this machine to the control plane's port, and what its certificate is worth. */
import { isLoopback } from '../protocol/loopback.js'
import { reasonOf, type Check, type Verdict } from './examination.js'
import { TunnelRefused, type Road } from './road.js'
import { checkName, checkPort, checkTls, type FarEnd } from './way.js'

const CONTROL_PLANE: FarEnd = {
  name: 'the control plane',
  address: 'the URL',
  unreachable: 'let this machine reach that port, or name a proxy in HTTPS_PROXY',
  tls: {
    expired: "renew the control plane's certificate, and see whether this machine's clock is right",
    'not yet valid': "see whether this machine's clock is right",
    'another name': 'use a name that is in the certificate, or give the control plane one for this name',
    'no TLS':
      'what listens there speaks no TLS: see whether it is the right port, or whether the URL should begin with http://',
    silence: 'see whether that is the right port',
    'unknown authority':
      'name the certificate authority in NODE_EXTRA_CA_CERTS; a proxy that looks into TLS has one of its own',
  },
}
const RENEW = 'renew it; the control plane reads the file again when it changes'

/** Named `url`, `dns`, `tcp` or `proxy`, `tls`. */
export function networkChecks(road: Road, allowsPlaintext: boolean): Check[] {
  const way: Check[] =
    road.proxy === undefined
      ? [
          { name: 'dns', needs: ['url'], run: () => checkName(road, CONTROL_PLANE) },
          { name: 'tcp', needs: ['dns'], run: () => checkPort(road, CONTROL_PLANE) },
        ]
      : [{ name: 'proxy', needs: ['url'], run: () => checkProxy(road, road.proxy as URL) }]
  const tls: Check = {
    name: 'tls',
    needs: [reachCheck(road)],
    run: () => checkTls(road, 'http/1.1', CONTROL_PLANE, RENEW),
  }
  return [
    { name: 'url', run: () => Promise.resolve(checkUrl(road, allowsPlaintext)) },
    ...way,
    ...(road.isTls ? [tls] : []),
  ]
}

const reachCheck = (road: Road): string => (road.proxy === undefined ? 'tcp' : 'proxy')

/** After which a request can be made. */
export const readyToAsk = (road: Road): string => (road.isTls ? 'tls' : reachCheck(road))

function checkUrl({ url, isTls }: Road, allowsPlaintext: boolean): Verdict {
  const message = url.origin
  if (isTls || isLoopback(url.hostname)) return { level: 'ok', message }
  if (allowsPlaintext)
    return { level: 'warning', message: `${message} is plain text, which others on the way can read` }
  return {
    level: 'failure',
    message: `${message} is plain text, and would show the token to whoever is on the way`,
    remedy: 'use https, or say --insecure-plaintext where something else protects the way',
  }
}

async function checkProxy(road: Road, proxy: URL): Promise<Verdict> {
  try {
    ;(await road.reach()).destroy()
    return { level: 'ok', message: `the proxy ${proxy.host} leads to ${road.target}` }
  } catch (error) {
    const message = `the proxy ${proxy.host} does not lead to ${road.target}: ${reasonOf(error)}`
    return { level: 'failure', message, remedy: proxyRemedy(error) }
  }
}

function proxyRemedy(error: unknown): string {
  if (!(error instanceof TunnelRefused)) {
    return 'correct HTTPS_PROXY, or name the control plane in NO_PROXY if it can be reached without'
  }
  if (error.status === 407) return 'give its user and password in HTTPS_PROXY, like http://user:password@proxy:3128'
  if (error.status >= 500) return 'see whether the proxy reaches the control plane'
  return 'have it allow CONNECT to that host and port'
}
