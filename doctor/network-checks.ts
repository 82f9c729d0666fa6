/** From this machine to the control plane's port, and what its certificate is worth. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { isLoopback } from '../protocol/loopback.js'
import { codeOf, reasonOf, type Check, type Verdict } from './examination.js'
import { TunnelRefused, type Road } from './road.js'

/** A certificate that ends sooner than this is worth a warning: most are renewed 30 days before. */
const RENEW_DAYS = 14
const DAY_MS = 86_400_000

/** Named `url`, `dns`, `tcp` or `proxy`, `tls`. */
export function networkChecks(road: Road, allowsPlaintext: boolean): Check[] {
  const way: Check[] =
    road.proxy === undefined
      ? [
          { name: 'dns', needs: ['url'], run: () => checkName(road) },
          { name: 'tcp', needs: ['dns'], run: () => checkPort(road) },
        ]
      : [{ name: 'proxy', needs: ['url'], run: () => checkProxy(road, road.proxy as URL) }]
  return [
    { name: 'url', run: () => Promise.resolve(checkUrl(road, allowsPlaintext)) },
    ...way,
    ...(road.isTls ? [{ name: 'tls', needs: [reachCheck(road)], run: () => checkTls(road) }] : []),
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

async function checkName({ host }: Road): Promise<Verdict> {
  if (isIP(host) !== 0) return { level: 'ok', message: `${host} is an address` }
  try {
    const addresses = await lookup(host, { all: true })
    return { level: 'ok', message: `${host} is ${addresses.map(({ address }) => address).join(', ')}` }
  } catch (error) {
    const isUnknown = codeOf(error) === 'ENOTFOUND'
    return {
      level: 'failure',
      message: isUnknown ? `there is no host "${host}"` : `"${host}" could not be looked up: ${reasonOf(error)}`,
      remedy: isUnknown
        ? 'correct the URL, or the DNS of this machine'
        : 'see whether this machine reaches its DNS server',
    }
  }
}

async function checkPort(road: Road): Promise<Verdict> {
  try {
    ;(await road.reach()).destroy()
    return { level: 'ok', message: `${road.target} takes connections` }
  } catch (error) {
    const remedy =
      codeOf(error) === 'ECONNREFUSED'
        ? 'see whether the control plane runs, and on that port'
        : 'let this machine reach that port, or name a proxy in HTTPS_PROXY'
    return { level: 'failure', message: `${road.target} cannot be reached: ${reasonOf(error)}`, remedy }
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

async function checkTls(road: Road): Promise<Verdict> {
  try {
    const socket = await road.secure({ protocol: 'http/1.1', verify: true })
    const { valid_to: end, issuer } = socket.getPeerCertificate()
    socket.destroy()
    const days = Math.floor((Date.parse(end) - Date.now()) / DAY_MS)
    const message = `certificate of ${String(issuer.O ?? issuer.CN)}, good for ${days} days`
    if (days >= RENEW_DAYS) return { level: 'ok', message }
    return { level: 'warning', message, remedy: 'renew it; the control plane reads the file again when it changes' }
  } catch (error) {
    return { level: 'failure', message: reasonOf(error), remedy: tlsRemedy(codeOf(error)) }
  }
}

function tlsRemedy(code: string): string {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return "renew the control plane's certificate, and see whether this machine's clock is right"
    case 'CERT_NOT_YET_VALID':
      return "see whether this machine's clock is right"
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'use a name that is in the certificate, or give the control plane one for this name'
    case 'ECONNRESET':
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'what listens there speaks no TLS: see whether it is the right port, or whether the URL should begin with http://'
    case 'ETIMEDOUT':
      return 'see whether that is the right port'
    default:
      return 'name the certificate authority in NODE_EXTRA_CA_CERTS; a proxy that looks into TLS has one of its own'
  }
}
