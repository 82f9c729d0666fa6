/** From this machine to Temporal's port, in the steps in which that can fail, before Temporal itself is asked. */
import { once } from 'node:events'
import { connect as connectHttp2 } from 'node:http2'
import { certificateEnd } from '../server/certificate-end.js'
import { clientCertificate, tlsConfig, usesTls, type TemporalSettings } from '../temporal/settings.js'
import { reasonOf, type Check, type Verdict } from './examination.js'
import { Road } from './road.js'
import { checkName, checkPort, checkTls, goodUntil, type FarEnd } from './way.js'

const DEFAULT_PORT = 7233

const TEMPORAL: FarEnd = {
  name: 'Temporal',
  address: 'TEMPORAL_ADDRESS',
  unreachable: 'let this machine reach that port: a firewall, or another network, is in between',
  tls: {
    expired: "have Temporal's certificate renewed, and see whether this machine's clock is right",
    'not yet valid': "see whether this machine's clock is right",
    'another name': 'correct TEMPORAL_ADDRESS, or give the name that is in the certificate in TEMPORAL_TLS_SERVER_NAME',
    'no TLS':
      'what listens there speaks no TLS: see whether it is the right port, or unset TEMPORAL_TLS and TEMPORAL_API_KEY, which ask for it',
    silence: 'see whether that is the right port',
    'unknown authority': 'name the certificate authority in TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  },
}

/** Straight: Temporal's native client goes through no proxy that it is not told of. @throws for an address that is none */
export function roadToTemporal(settings: TemporalSettings, secure = usesTls(settings)): Road {
  const { serverRootCACertificate: ca, serverNameOverride: servername, clientCertPair } = tlsConfig(settings)
  const { address } = settings
  if (address.includes('/')) throw new Error(`"${address}" is a URL`)
  const host = /:\d+$/.test(address) ? address : `${address}:${DEFAULT_PORT}`
  return new Road(new URL(`${secure ? 'https' : 'http'}://${host}`), {
    proxy: undefined,
    tls: {
      ...(ca && { ca: Buffer.from(ca) }),
      ...(servername && { servername }),
      ...(clientCertPair && { cert: Buffer.from(clientCertPair.crt), key: Buffer.from(clientCertPair.key) }),
    },
  })
}

/** Named `temporal dns`, `temporal tcp`, `temporal tls`; need `temporal settings`. @param read the settings, which are good */
export function temporalWayChecks(read: () => TemporalSettings): Check[] {
  const onRoad = (run: (road: Road) => Promise<Verdict>) => () => run(roadToTemporal(read()))
  return [
    { name: 'temporal dns', needs: ['temporal settings'], run: onRoad((road) => checkName(road, TEMPORAL)) },
    { name: 'temporal tcp', needs: ['temporal dns'], run: onRoad((road) => checkPort(road, TEMPORAL)) },
    { name: 'temporal tls', needs: ['temporal tcp'], run: () => checkTemporalTls(read()) },
  ]
}

const RENEW_OWN = 'renew it, and start alien server and alien worker anew: they read it once'

async function checkTemporalTls(settings: TemporalSettings): Promise<Verdict> {
  if (!usesTls(settings)) return { level: 'ok', message: 'plain text, as the settings have it' }
  const road = roadToTemporal(settings)
  const theirs = await checkTls(road, 'h2', TEMPORAL, "have Temporal's certificate renewed")
  if (theirs.level === 'failure') return theirs
  const own = clientCertificate(settings)
  const verdict = own && goodUntil("this side's certificate", certificateEnd(own), RENEW_OWN)
  if (verdict?.level === 'failure') return verdict
  const refusal = await refusalOf(road)
  if (refusal !== undefined) {
    return {
      level: 'failure',
      message: `Temporal ends the connection after the handshake: ${refusal}`,
      remedy: `it wants ${own ? 'another' : 'a'} certificate of this side: TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH`,
    }
  }
  return verdict?.level === 'warning' ? verdict : theirs
}

const WELCOME_MS = 5_000

/** A server says after the handshake what it makes of this side's certificate: TLS 1.3 has it so. */
async function refusalOf(road: Road): Promise<string | undefined> {
  const socket = await road.secure({ protocol: 'h2', verify: true })
  const session = connectHttp2(road.url.origin, { createConnection: () => socket })
  try {
    const inTime = { signal: AbortSignal.timeout(WELCOME_MS) }
    const ended = once(session, 'close', inTime).then(() => 'it was closed')
    return await Promise.race([once(session, 'remoteSettings', inTime).then(() => undefined), ended])
  } catch (error) {
    return reasonOf(error)
  } finally {
    session.destroy()
  }
}

/** Whether Temporal's port wants TLS, which it is not spoken to by. */
export async function wantsTls(settings: TemporalSettings): Promise<boolean> {
  if (usesTls(settings)) return false
  const road = roadToTemporal(settings, true)
  return road.secure({ protocol: 'h2', verify: false }).then(
    (socket) => {
      socket.destroy()
      return true
    },
    () => false,
  )
}
