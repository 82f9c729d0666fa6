/** The steps of the way to a port, each with its own remedy: the name, the port, TLS. */
import { lookup } from 'node:dns/promises'
import { isIP } from 'node:net'
import { codeOf, reasonOf, type Verdict } from './examination.js'
import type { Road } from './road.js'

/** Why no TLS came about. */
type TlsTrouble = 'expired' | 'not yet valid' | 'another name' | 'no TLS' | 'silence' | 'unknown authority'

/** What stands at the other end, as far as remedies speak of it. */
export interface FarEnd {
  /** `the control plane`. */
  readonly name: string
  /** What says where it is: `the URL`. */
  readonly address: string
  /** What to do where nothing gets through. */
  readonly unreachable: string
  readonly tls: Readonly<Record<TlsTrouble, string>>
}

export async function checkName({ host }: Road, { address }: FarEnd): Promise<Verdict> {
  if (isIP(host) !== 0) return { level: 'ok', message: `${host} is an address` }
  try {
    const addresses = await lookup(host, { all: true })
    return { level: 'ok', message: `${host} is ${addresses.map((each) => each.address).join(', ')}` }
  } catch (error) {
    const isUnknown = codeOf(error) === 'ENOTFOUND'
    return {
      level: 'failure',
      message: isUnknown ? `there is no host "${host}"` : `"${host}" could not be looked up: ${reasonOf(error)}`,
      remedy: isUnknown
        ? `correct ${address}, or the DNS of this machine`
        : 'see whether this machine reaches its DNS server',
    }
  }
}

export async function checkPort(road: Road, { name, unreachable }: FarEnd): Promise<Verdict> {
  try {
    ;(await road.reach()).destroy()
    return { level: 'ok', message: `${road.target} takes connections` }
  } catch (error) {
    return {
      level: 'failure',
      message: `${road.target} cannot be reached: ${reasonOf(error)}`,
      remedy: codeOf(error) === 'ECONNREFUSED' ? `see whether ${name} runs, and on that port` : unreachable,
    }
  }
}

/** @param renew what to do about a certificate that ends soon */
export async function checkTls(
  road: Road,
  protocol: 'http/1.1' | 'h2',
  { tls }: FarEnd,
  renew: string,
): Promise<Verdict> {
  try {
    const socket = await road.secure({ protocol, verify: true })
    const { valid_to: end, issuer } = socket.getPeerCertificate()
    socket.destroy()
    return goodUntil(`certificate of ${String(issuer.O ?? issuer.CN)}`, new Date(end), renew)
  } catch (error) {
    return { level: 'failure', message: reasonOf(error), remedy: tls[tlsTrouble(codeOf(error))] }
  }
}

/** A certificate that ends sooner than this is worth a warning: most are renewed 30 days before. */
const RENEW_DAYS = 14
const DAY_MS = 86_400_000

/** Of a certificate, by when it ends. */
export function goodUntil(certificate: string, end: Date, renew: string): Verdict {
  const leftMs = end.getTime() - Date.now()
  if (leftMs <= 0) {
    return { level: 'failure', message: `${certificate}, which ended at ${end.toISOString()}`, remedy: renew }
  }
  const days = Math.floor(leftMs / DAY_MS)
  const message = `${certificate}, good for ${days} days`
  return days >= RENEW_DAYS ? { level: 'ok', message } : { level: 'warning', message, remedy: renew }
}

function tlsTrouble(code: string): TlsTrouble {
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return 'expired'
    case 'CERT_NOT_YET_VALID':
      return 'not yet valid'
    case 'ERR_TLS_CERT_ALTNAME_INVALID':
      return 'another name'
    case 'ECONNRESET':
    case 'EPROTO':
    case 'ERR_SSL_WRONG_VERSION_NUMBER':
    case 'ERR_SSL_PACKET_LENGTH_TOO_LONG':
      return 'no TLS'
    case 'ETIMEDOUT':
      return 'silence'
    default:
      return 'unknown authority'
  }
}
